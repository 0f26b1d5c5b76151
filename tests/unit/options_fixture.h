/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * For tests of command lines: words to argv, and what was printed.
 */
#ifndef JVPN_TESTS_OPTIONS_FIXTURE_H
#define JVPN_TESTS_OPTIONS_FIXTURE_H

#include <fcntl.h>
#include <stdbool.h>

#include "config_fixture.h"

static char fixture_out[16384], fixture_err[16384];

static inline void fixture_slurp(int fd, char *text, size_t size)
{
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	n = read(fd, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
}

static inline int fixture_capture(int fd, FILE *stream, int *saved)
{
	char path[128];
	int file;

	fflush(stream);
	snprintf(path, sizeof(path), "%s/.capture-%d", fixture_dir, fd);
	file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	*saved = dup(fd);
	dup2(file, fd);
	return file;
}

static inline void fixture_restore(int fd, FILE *stream, int saved)
{
	fflush(stream);
	dup2(saved, fd);
	close(saved);
}

/* Splits 'line' at blanks; @ is the scratch directory. Calls load with it. */
static inline bool fixture_run(bool (*load)(int argc, char **argv, int *code), const char *line,
			       int *code)
{
	static char copy[2048];
	char *argv[32];
	int argc = 0, saved[2], file[2];
	size_t len = 0;
	bool rv;

	for (const char *c = line; *c && len < sizeof(copy) - 100; c++)
		if (*c == '@')
			len += (size_t)sprintf(copy + len, "%s", fixture_dir);
		else
			copy[len++] = *c;
	copy[len] = '\0';
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	file[0] = fixture_capture(STDOUT_FILENO, stdout, &saved[0]);
	file[1] = fixture_capture(STDERR_FILENO, stderr, &saved[1]);
	*code = -1;
	rv = load(argc, argv, code);
	fixture_restore(STDOUT_FILENO, stdout, saved[0]);
	fixture_restore(STDERR_FILENO, stderr, saved[1]);
	fixture_slurp(file[0], fixture_out, sizeof(fixture_out));
	fixture_slurp(file[1], fixture_err, sizeof(fixture_err));
	return rv;
}

/* A file of the source tree. The caller frees. */
static inline char *fixture_source(const char *name)
{
	const char *top = getenv("JVPN_SRCDIR");
	char path[1024], *text = calloc(1, 65536);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", top ? top : ".", name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s: set JVPN_SRCDIR", path);
	if (fread(text, 1, 65535, f) == 0)
		ck_abort_msg("%s is empty", path);
	fclose(f);
	return text;
}

#endif
