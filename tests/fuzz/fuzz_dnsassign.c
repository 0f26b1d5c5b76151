/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * DNS_ASSIGN: what is accepted can be encoded again, and reads as the same.
 */
#include "fuzz.h"

#include <string.h>

#include "proto/dnsassign.h"

static struct jvpn_dnsassign assign, again;
static uint8_t out[16384];

static void check_names(const struct jvpn_dnsassign_domains *domains)
{
	for (size_t i = 0; i < domains->count; i++) {
		const char *name = domains->name[i];

		FUZZ_CHECK(!name[0] || jvpn_dnsassign_is_name(name));
		FUZZ_CHECK(strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789-_.") == strlen(name));
		FUZZ_CHECK(name[0] != '-');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct jvpn_reader r;
	struct jvpn_writer w;

	jvpn_reader_init(&r, data, len);
	if (jvpn_dnsassign_decode(&r, &assign))
		return 0;
	check_names(&assign.internal);
	check_names(&assign.search);
	jvpn_writer_init(&w, out, sizeof(out));
	FUZZ_CHECK(jvpn_dnsassign_encode(&assign, &w) == 0);
	jvpn_reader_init(&r, out, jvpn_writer_len(&w));
	FUZZ_CHECK(jvpn_dnsassign_decode(&r, &again) == 0);
	assign.has_more = false;
	FUZZ_CHECK(memcmp(&assign, &again, sizeof(assign)) == 0);
	return 0;
}
