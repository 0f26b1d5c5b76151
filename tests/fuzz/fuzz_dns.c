/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Answers to one DNS question: whatever comes, addresses are of the question's kind and bounded.
 */
#include "fuzz.h"

#include "base/err.h"
#include "proto/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct jvpn_dns_question question = {
		.name = "vpn.example.net", .type = JVPN_DNS_A, .id = 0x1234};
	struct jvpn_dns_addresses out;
	int rv = jvpn_dns_answer_read(&question, data, len, &out);

	FUZZ_CHECK(rv == 0 || rv == JVPN_EMALFORMED || rv == JVPN_ENOTFOUND ||
		   rv == JVPN_EUNSUPPORTED);
	FUZZ_CHECK(rv != 0 || out.count <= JVPN_DNS_ADDRESSES_MAX);
	return 0;
}
