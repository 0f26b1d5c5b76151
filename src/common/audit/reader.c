/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines of at most JVPN_EVENT_LINE_MAX; the rest of a longer one is skipped. Each file is opened once
 * and read once: what was read to see whose it is stays in memory until its turn.
 */
#include "audit/reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "obs/event_json.h"

#define PEEK_LINES 100
#define PEEK_BYTES (64 * 1024)

struct source {
	const char *file; /* as given */
	FILE *in;         /* owned, unless it is the standard input */
	bool client;
	char *head; /* owned: what was read already */
	size_t head_len, head_at;
};

struct reader {
	const struct jvpn_trail_handler *handler;
	struct jvpn_trail_place place;
	struct source *source;
	char text[JVPN_EVENT_LINE_MAX + 2];
};

static int open_source(struct source *s, const char *file)
{
	s->file = file;
	s->in = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	if (s->in)
		return 0;
	if (errno == EMFILE || errno == ENFILE)
		return JVPN_EFULL;
	if (errno == ENOENT)
		return JVPN_ENOTFOUND;
	return errno == EACCES || errno == EPERM ? JVPN_EPERM : JVPN_EIO;
}

static void close_source(struct source *s)
{
	if (s->in && s->in != stdin)
		fclose(s->in);
	free(s->head);
	s->in = NULL;
	s->head = NULL;
}

static int next_char(struct source *s)
{
	if (s->head_at < s->head_len)
		return (unsigned char)s->head[s->head_at++];
	return getc_unlocked(s->in);
}

/* The next line into r->text. Its length without the newline, *why when it is none. False: the end. */
static bool next_line(struct reader *r, size_t *len, const char **why)
{
	int c = 0;

	*len = 0;
	*why = NULL;
	while ((c = next_char(r->source)) != EOF && c != '\n') {
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

static int read_source(struct reader *r, struct source *s)
{
	const char *why;
	size_t len;
	int rv = 0;

	r->source = s;
	r->place = (struct jvpn_trail_place){.file = s->file};
	while (!rv && next_line(r, &len, &why)) {
		if (why)
			r->handler->damage(r->handler->user, &r->place, why);
		else
			rv = take_line(r, len);
	}
	return !rv && ferror(s->in) ? JVPN_EIO : rv;
}

/* Whose line it is, if it is one. */
static enum jvpn_role role_of(const char *text, size_t len)
{
	struct jvpn_trail_line line;
	const char *why;

	return jvpn_trail_line_parse(text, len, &line, &why) ? JVPN_ROLE_NONE : line.role;
}

/* Whose file it is, by its first good line among the first few. Reads no further than that line: more may
 * not have been written yet. */
static int peek(struct source *s)
{
	enum jvpn_role role = JVPN_ROLE_NONE;
	size_t begin = 0;
	int c = 0;

	s->head = malloc(PEEK_BYTES);
	if (!s->head)
		return JVPN_ENOMEM;
	for (unsigned n = 0; n < PEEK_LINES && !role && s->head_len < PEEK_BYTES;) {
		c = getc_unlocked(s->in);
		if (c == EOF)
			break;
		s->head[s->head_len++] = (char)c;
		if (c != '\n')
			continue;
		role = role_of(s->head + begin, s->head_len - 1 - begin);
		begin = s->head_len;
		n++;
	}
	s->client = role == JVPN_ROLE_CLIENT;
	return ferror(s->in) ? JVPN_EIO : 0;
}

static int open_all(struct source *source, char *const *files, size_t count, const char **failed)
{
	int rv = 0;

	for (size_t i = 0; i < count && !rv; i++) {
		*failed = files[i];
		rv = open_source(&source[i], files[i]);
		if (!rv)
			rv = peek(&source[i]);
	}
	return rv;
}

static int read_all(struct source *source, size_t count, const struct jvpn_trail_handler *handler,
		    const char **failed)
{
	struct reader r = {.handler = handler};
	int rv = 0;

	for (int clients = 0; clients < 2 && !rv; clients++) {
		for (size_t i = 0; i < count && !rv; i++) {
			if (source[i].client != clients)
				continue;
			*failed = source[i].file;
			rv = read_source(&r, &source[i]);
			close_source(&source[i]);
		}
	}
	return rv;
}

int jvpn_trail_read(char *const *files, size_t count, const struct jvpn_trail_handler *handler,
		    const char **failed)
{
	struct source *source = calloc(count + 1, sizeof(*source));
	int rv;

	if (!source)
		return JVPN_ENOMEM;
	rv = open_all(source, files, count, failed);
	if (!rv)
		rv = read_all(source, count, handler, failed);
	for (size_t i = 0; i < count; i++)
		close_source(&source[i]);
	free(source);
	return rv;
}
