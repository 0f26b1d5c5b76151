/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * CONNECT-IP capsules, datagram prefix and path. The first octet chooses which.
 */
#include "fuzz.h"

#include <string.h>

#include "proto/connectip.h"

static struct jvpn_connectip_addresses addresses, addresses_again;
static struct jvpn_connectip_routes routes, routes_again;
static uint8_t out[16384];

typedef int addresses_decode_fn(struct jvpn_reader *r, struct jvpn_connectip_addresses *list);
typedef int addresses_encode_fn(const struct jvpn_connectip_addresses *list, struct jvpn_writer *w);

static void try_addresses(const uint8_t *data, size_t len, addresses_decode_fn *decode,
			  addresses_encode_fn *encode)
{
	struct jvpn_reader r;
	struct jvpn_writer w;

	jvpn_reader_init(&r, data, len);
	if (decode(&r, &addresses))
		return;
	jvpn_writer_init(&w, out, sizeof(out));
	FUZZ_CHECK(encode(&addresses, &w) == 0);
	FUZZ_CHECK(jvpn_writer_len(&w) <= len);
	jvpn_reader_init(&r, out, jvpn_writer_len(&w));
	FUZZ_CHECK(decode(&r, &addresses_again) == 0);
	FUZZ_CHECK(memcmp(&addresses, &addresses_again, sizeof(addresses)) == 0);
}

static void try_routes(const uint8_t *data, size_t len)
{
	struct jvpn_reader r;
	struct jvpn_writer w;

	jvpn_reader_init(&r, data, len);
	if (jvpn_connectip_routes_decode(&r, &routes))
		return;
	jvpn_writer_init(&w, out, sizeof(out));
	FUZZ_CHECK(jvpn_connectip_routes_encode(&routes, &w) == 0);
	FUZZ_CHECK(jvpn_writer_len(&w) == len);
	FUZZ_CHECK(memcmp(out, data, len) == 0);
	jvpn_reader_init(&r, out, len);
	FUZZ_CHECK(jvpn_connectip_routes_decode(&r, &routes_again) == 0);
	FUZZ_CHECK(routes.count == routes_again.count);
}

static void try_datagram(const uint8_t *data, size_t len)
{
	uint64_t stream = 1, context;
	struct jvpn_reader r;
	struct jvpn_writer w;

	jvpn_reader_init(&r, data, len);
	if (jvpn_connectip_dgram_decode(&r, &stream, &context))
		return;
	jvpn_writer_init(&w, out, sizeof(out));
	FUZZ_CHECK(jvpn_connectip_dgram_encode(stream, &w) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	switch (data[0] % 5) {
	case 0:
		try_addresses(data + 1, len - 1, jvpn_connectip_assign_decode,
			      jvpn_connectip_assign_encode);
		break;
	case 1:
		try_addresses(data + 1, len - 1, jvpn_connectip_request_decode,
			      jvpn_connectip_request_encode);
		break;
	case 2:
		try_routes(data + 1, len - 1);
		break;
	case 3:
		try_datagram(data + 1, len - 1);
		break;
	default:
		jvpn_connectip_path_is_full_tunnel((const char *)data + 1, len - 1);
	}
	return 0;
}
