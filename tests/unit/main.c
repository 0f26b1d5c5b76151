/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The main program of every unit-test binary: runs what the test files registered. Under make it
 * prints TAP (JVPN_TAP is set) and leaves the judgement to the driver; by hand it prints what
 * failed and says so with its exit status.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#define UNIT_NOUNS_MAX 64

static struct {
	const char *name;
	void (*add)(TCase *tc);
} nouns[UNIT_NOUNS_MAX];
static unsigned nouns_count;

void unit_register(const char *name, void (*add)(TCase *tc))
{
	if (nouns_count == UNIT_NOUNS_MAX) {
		fputs("unit: raise UNIT_NOUNS_MAX\n", stderr);
		abort();
	}
	nouns[nouns_count].name = name;
	nouns[nouns_count].add = add;
	nouns_count++;
}

int main(void)
{
	Suite *suite = suite_create("unit");
	SRunner *runner;
	int failed;
	bool tap = getenv("JVPN_TAP") != NULL;

	for (unsigned i = 0; i < nouns_count; i++) {
		TCase *tc = tcase_create(nouns[i].name);

		nouns[i].add(tc);
		suite_add_tcase(suite, tc);
	}
	runner = srunner_create(suite);
	if (tap)
		srunner_set_tap(runner, "-");
	srunner_run_all(runner, tap ? CK_SILENT : CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return tap || failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
