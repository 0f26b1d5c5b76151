/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines of at most JVPN_EVENT_LINE_MAX; the rest of a longer one is skipped.
 */
#include "audit/reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "obs/event_json.h"

/* In the order in which they are read. */
enum rank { RANK_SERVER, RANK_STDIN, RANK_CLIENT, RANK_COUNT };

struct reader {
	const struct jvpn_trail_handler *handler;
	struct jvpn_trail_place place;
	FILE *in;
	char text[JVPN_EVENT_LINE_MAX + 2];
};

static int open_file(struct reader *r, const char *file)
{
	r->place = (struct jvpn_trail_place){.file = file};
	r->in = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	if (!r->in)
		return errno == EACCES || errno == EPERM ? JVPN_EPERM : JVPN_EIO;
	return 0;
}

static void close_file(struct reader *r)
{
	if (r->in && r->in != stdin)
		fclose(r->in);
	r->in = NULL;
}

/* The next line into r->text. Its length without the newline, *whole: it had one and was not too long.
 * False: the end. */
static bool next_line(struct reader *r, size_t *len, const char **why)
{
	int c = 0;

	*len = 0;
	*why = NULL;
	while ((c = getc_unlocked(r->in)) != EOF && c != '\n') {
		if (*len < sizeof(r->text))
			r->text[(*len)++] = (char)c;
	}
	if (c == EOF && !*len)
		return false;
	r->place.line++;
	if (*len >= JVPN_EVENT_LINE_MAX)
		*why = "a line is longer than 4096 bytes";
	else if (c == EOF)
		*why = "the last line has no end: it was cut off, or is being written";
	return true;
}

static int take_line(struct reader *r, size_t len)
{
	struct jvpn_trail_line line;
	const char *why;

	if (jvpn_trail_line_parse(r->text, len, &line, &why) == 0)
		return r->handler->event(r->handler->user, &r->place, &line);
	r->handler->damage(r->handler->user, &r->place, why);
	return 0;
}

static int read_file(struct reader *r)
{
	const char *why;
	size_t len;
	int rv = 0;

	while (!rv && next_line(r, &len, &why)) {
		if (why)
			r->handler->damage(r->handler->user, &r->place, why);
		else
			rv = take_line(r, len);
	}
	return !rv && ferror(r->in) ? JVPN_EIO : rv;
}

/* Whose file it is, by its first good line among the first few. */
static int rank_file(struct reader *r, const char *file, enum rank *out)
{
	struct jvpn_trail_line line;
	const char *why;
	size_t len;
	int rv;

	*out = RANK_STDIN;
	if (strcmp(file, "-") == 0)
		return 0;
	rv = open_file(r, file);
	for (unsigned i = 0; !rv && i < 100 && next_line(r, &len, &why); i++) {
		if (why || jvpn_trail_line_parse(r->text, len, &line, &why))
			continue;
		*out = line.role == JVPN_ROLE_SERVER ? RANK_SERVER : RANK_CLIENT;
		break;
	}
	if (!rv && ferror(r->in))
		rv = JVPN_EIO;
	close_file(r);
	return rv;
}

int jvpn_trail_read(char *const *files, size_t count, const struct jvpn_trail_handler *handler,
		    const char **failed)
{
	static struct reader r;
	int rv = 0;

	r.handler = handler;
	for (int turn = RANK_SERVER; turn < RANK_COUNT && !rv; turn++) {
		for (size_t i = 0; i < count && !rv; i++) {
			enum rank rank;

			*failed = files[i];
			rv = rank_file(&r, files[i], &rank);
			if (rv || rank != (enum rank)turn)
				continue;
			rv = open_file(&r, files[i]);
			if (!rv)
				rv = read_file(&r);
			close_file(&r);
		}
	}
	return rv;
}
