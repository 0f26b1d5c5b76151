/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reads tests/golden/protocol.txt, from $JVPN_SRCDIR or the present directory.
 */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

const char *golden_text(const char *name)
{
	static char line[2 * GOLDEN_MAX + 128];
	const char *root = getenv("JVPN_SRCDIR");
	size_t n = strlen(name);
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/golden/protocol.txt", root ? root : ".");
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s cannot be opened", path);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, n) != 0 || strncmp(line + n, " = ", 3) != 0)
			continue;
		fclose(f);
		line[strcspn(line, "\n")] = '\0';
		return line + n + 3;
	}
	fclose(f);
	ck_abort_msg("%s is not in %s", name, path);
	return NULL;
}

size_t golden_bytes(const char *name, uint8_t *out)
{
	const char *text = golden_text(name);
	size_t len = strlen(text) / 2;

	ck_assert_uint_le(len, GOLDEN_MAX);
	for (size_t i = 0; i < len; i++) {
		unsigned int v;

		ck_assert_int_eq(sscanf(text + 2 * i, "%2x", &v), 1);
		out[i] = (uint8_t)v;
	}
	return len;
}

void golden_check(const char *name, const void *data, size_t len)
{
	uint8_t expected[GOLDEN_MAX];
	size_t n = golden_bytes(name, expected);

	ck_assert_msg(n == len, "%s: %zu octets instead of %zu", name, len, n);
	ck_assert_mem_eq(data, expected, len);
}
