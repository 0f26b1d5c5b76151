/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The field "jumping-session": what parses prints, and prints as something that parses to the same.
 */
#include "fuzz.h"

#include <string.h>

#include "proto/jvfield.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char text[JVPN_JVFIELD_TEXT_MAX + 1];
	struct jvpn_jvfield first, second;

	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	if (jvpn_jvfield_parse((const char *)data, len, &first))
		return 0;
	FUZZ_CHECK(first.op > JVPN_JVFIELD_NONE && first.op < JVPN_JVFIELD_COUNT);
	/* A reason this version cannot name cannot be printed either. */
	if (first.op == JVPN_JVFIELD_REFUSED && first.deny.reason == JVPN_REASON_NONE)
		return 0;
	FUZZ_CHECK(jvpn_jvfield_print(&first, text, sizeof(text)) == 0);
	FUZZ_CHECK(jvpn_jvfield_parse(text, strlen(text), &second) == 0);
	FUZZ_CHECK(memcmp(&first, &second, sizeof(first)) == 0);
	return 0;
}
