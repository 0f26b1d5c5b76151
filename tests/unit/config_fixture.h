/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files for tests of configuration: a scratch directory that goes away with the test.
 */
#ifndef JVPN_TESTS_CONFIG_FIXTURE_H
#define JVPN_TESTS_CONFIG_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/report.h"
#include "unit.h"

static char fixture_dir[64];
static char fixture_file[128];
static struct jvpn_report *fixture_report;

static inline void fixture_setup(void)
{
	snprintf(fixture_dir, sizeof(fixture_dir), "/tmp/jvpn-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fixture_dir));
	snprintf(fixture_file, sizeof(fixture_file), "%s/f.yaml", fixture_dir);
	fixture_report = jvpn_report_new();
	ck_assert_ptr_nonnull(fixture_report);
}

static inline void fixture_teardown(void)
{
	char command[128];

	jvpn_report_free(fixture_report);
	snprintf(command, sizeof(command), "rm -rf '%s'", fixture_dir);
	if (system(command) != 0)
		ck_abort_msg("cannot clean up");
}

static inline void fixture_write_bytes(const char *name, const void *data, size_t len, mode_t mode)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", fixture_dir, name);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static inline void fixture_write(const char *name, const char *text)
{
	fixture_write_bytes(name, text, strlen(text), 0600);
}

/* Line i of the report without the directory in front. */
static inline const char *fixture_line(size_t i)
{
	const char *text = i < fixture_report->count ? fixture_report->line[i].text : "(none)";
	size_t len = strlen(fixture_dir);

	return strncmp(text, fixture_dir, len) == 0 ? text + len + 1 : text;
}

/* All errors of the report begin with these texts, in this order, and there are no others. */
static inline void fixture_expect(const char *const *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(strncmp(fixture_line(i), lines[i], strlen(lines[i])) == 0,
			      "line %zu: expected \"%s\", got \"%s\"", i, lines[i],
			      fixture_line(i));
	ck_assert_msg(fixture_report->count == count, "expected %zu errors, got %zu: \"%s\"", count,
		      fixture_report->count, fixture_line(count));
}

#define FIXTURE_EXPECT(...)                                                                        \
	do {                                                                                       \
		static const char *const fixture_lines[] = {__VA_ARGS__};                          \
		fixture_expect(fixture_lines, sizeof(fixture_lines) / sizeof(fixture_lines[0]));   \
	} while (0)

#endif
