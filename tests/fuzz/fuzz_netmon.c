/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rtnetlink messages: whatever comes, the table keeps its bounds, tells each change once, and an up
 * link has an address.
 */
#include "fuzz.h"

#include <string.h>

#include "client/netmon_table.h"

#define BYTES_MAX 4096

static struct jvpn_netmon_table table;

static void drain(void *user)
{
	enum jvpn_netmon_change change;
	struct jvpn_netmon_link link;
	size_t told = 0;

	(void)user;
	while (jvpn_netmon_table_next(&table, 1, &change, &link)) {
		FUZZ_CHECK(change == JVPN_NETMON_LINK_DOWN ||
			   (link.usable && (link.has4 || link.has6)));
		FUZZ_CHECK(strnlen(link.name, sizeof(link.name)) < sizeof(link.name));
		FUZZ_CHECK(++told <= JVPN_NETMON_LINKS_MAX);
	}
	FUZZ_CHECK(table.link_count <= JVPN_NETMON_LINKS_MAX);
	FUZZ_CHECK(table.address_count <= JVPN_NETMON_ADDRESSES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct jvpn_netmon_link link;
	uint8_t *copy; /* exactly as long, and aligned as the kernel's are */

	if (len == 0 || len > BYTES_MAX)
		return 0;
	copy = malloc(len);
	FUZZ_CHECK(copy != NULL);
	memcpy(copy, data, len);
	memset(&table, 0, offsetof(struct jvpn_netmon_table, link));
	memcpy(table.tun_name, "jvpn0", 6);
	jvpn_netmon_table_apply_all(&table, copy, len, drain, NULL);
	jvpn_netmon_table_dump_begin(&table);
	jvpn_netmon_table_apply_all(&table, copy, len / 2, NULL, NULL);
	jvpn_netmon_table_dump_end(&table);
	drain(NULL);
	(void)jvpn_netmon_table_next_route(&table, &link);
	FUZZ_CHECK(!jvpn_netmon_table_next_route(&table, &link));
	free(copy);
	return 0;
}
