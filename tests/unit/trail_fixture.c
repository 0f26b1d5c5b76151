/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The top folder is $JVPN_SRCDIR or the present one.
 */
#include "trail_fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

char *trail_path(const char *name)
{
	static char paths[4][4096];
	static unsigned next;
	const char *root = getenv("JVPN_SRCDIR");
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/tests/golden/audit/%s", root ? root : ".", name);
	return path;
}

void trail_read_golden(const struct jvpn_trail_handler *handler)
{
	char *files[] = {trail_path("client.jsonl"), trail_path("server.jsonl")};
	const char *failed = NULL;

	ck_assert_msg(jvpn_trail_read(files, 2, handler, &failed) == 0, "%s", failed);
}

void trail_check(const char *name, const char *text, size_t len)
{
	static char known[1 << 20];
	const char *path = trail_path(name);
	const char *writing = getenv("JVPN_GOLDEN_WRITE");
	FILE *f = fopen(path, writing ? "w" : "r");
	size_t n = 0, line = 1, i = 0;

	ck_assert_msg(f != NULL, "%s cannot be opened", path);
	if (writing)
		fwrite(text, 1, len, f);
	else
		n = fread(known, 1, sizeof(known), f);
	fclose(f);
	if (writing)
		return;
	for (; i < n && i < len && known[i] == text[i]; i++)
		line += text[i] == '\n';
	ck_assert_msg(i == n && i == len, "%s differs from line %zu on: \"%.*s\"", name, line,
		      (int)strcspn(text + i, "\n"), text + i);
}

void trail_put(const struct jvpn_trail_handler *handler, const char *format, ...)
{
	struct jvpn_trail_place place = {.file = "test", .line = 1};
	struct jvpn_trail_line line;
	const char *why = NULL;
	char text[4096];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ck_assert_msg(jvpn_trail_line_parse(text, (size_t)n, &line, &why) == 0, "%s: %s", why,
		      text);
	ck_assert_int_eq(handler->event(handler->user, &place, &line), 0);
}
