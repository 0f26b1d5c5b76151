/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "audit timeline": one session's life, on the terminal or as SVG.
 */
#include "server/audit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "audit/timeline.h"
#include "base/err.h"
#include "runtime/process.h"

#define COLUMNS 80

static unsigned columns_of_terminal(void)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return COLUMNS;
}

static bool wants_colours(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && no[0]) && term && strcmp(term, "dumb") != 0;
}

static void print_others(const struct jvpn_story *story)
{
	char id[JVPN_ID_HEX_LEN + 1];

	for (unsigned i = 0; i < story->others; i++) {
		jvpn_id_format(&story->other[i], id);
		fprintf(stderr, "  %s\n", id);
	}
}

static int tell_none(const struct jvpn_story *story)
{
	char text[256];
	int code;

	if (!story->others)
		snprintf(text, sizeof(text),
			 "%s: no session in %" PRIu64 " lines (%" PRIu64
			 " damaged): are these files of events?",
			 story->wanted, story->lines, story->damaged);
	else
		snprintf(text, sizeof(text),
			 "%s: no session begins so; there are%s:", story->wanted,
			 story->others == JVPN_STORY_SHOWN_MAX ? ", among others" : "");
	code = jvpn_process_fail(JVPN_EXIT_FAILURE, text);
	print_others(story);
	return code;
}

static int tell_several(const struct jvpn_story *story)
{
	char text[256], id[JVPN_ID_HEX_LEN + 1];
	int code;

	snprintf(text, sizeof(text),
		 "%s: several sessions begin so, give more digits%s:", story->wanted,
		 story->others == JVPN_STORY_SHOWN_MAX ? "; among others" : "");
	code = jvpn_process_fail(JVPN_EXIT_CONFIG, text);
	jvpn_id_format(&story->id, id);
	fprintf(stderr, "  %s\n", id);
	print_others(story);
	return code;
}

static int draw(const struct jvpn_server_audit *audit, const struct jvpn_story *story)
{
	static struct jvpn_picture picture;
	struct jvpn_timeline_style style = {
		.width = audit->width ? (unsigned)audit->width : columns_of_terminal(),
		.colours = wants_colours(),
		.utf8 = jvpn_server_audit_utf8(),
		.all = audit->all,
	};
	unsigned pixels = audit->width ? (unsigned)audit->width : JVPN_TIMELINE_SVG_WIDTH;
	int rv = jvpn_picture_make(&picture, story);

	if (!rv && audit->svg)
		rv = jvpn_timeline_svg(&picture, pixels, stdout);
	else if (!rv)
		rv = jvpn_timeline_print(&picture, &style, stdout);
	jvpn_picture_clear(&picture);
	if (rv)
		return jvpn_server_audit_failed(rv, NULL);
	if (fflush(stdout) || ferror(stdout))
		return jvpn_process_fail(JVPN_EXIT_FAILURE, "the picture cannot be written");
	return JVPN_EXIT_OK;
}

static int tell(const struct jvpn_server_audit *audit, struct jvpn_story *story)
{
	struct jvpn_trail_handler handler = jvpn_story_handler(story);
	const char *failed = NULL;
	int rv = jvpn_trail_read(audit->files, audit->file_count, &handler, &failed);

	if (rv)
		return jvpn_server_audit_failed(rv, failed);
	rv = jvpn_story_end(story);
	if (rv == JVPN_ENOTFOUND)
		return tell_none(story);
	if (rv == JVPN_EEXISTS)
		return tell_several(story);
	return draw(audit, story);
}

int jvpn_server_audit_timeline(const struct jvpn_server_audit *audit)
{
	struct jvpn_story story;
	int rv = jvpn_story_init(&story, audit->id), code;
	char text[256];

	if (rv == JVPN_EINVAL) {
		snprintf(text, sizeof(text),
			 "audit timeline: expected the beginning of a session's id, 1 to 32 hex "
			 "digits, got \"%.64s\"",
			 audit->id);
		return jvpn_process_fail(JVPN_EXIT_CONFIG, text);
	}
	if (rv)
		return jvpn_server_audit_failed(rv, NULL);
	code = tell(audit, &story);
	jvpn_story_clear(&story);
	return code;
}
