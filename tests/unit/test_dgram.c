/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HTTP Datagram prefixes as they stand on the wire.
 */
#include <string.h>

#include "base/err.h"
#include "quic/dgram.h"
#include "unit.h"

static enum jvpn_dgram_kind decode(const struct jvpn_dgram *d, const char *bytes, size_t len,
				   size_t *packet_len)
{
	const uint8_t *packet = NULL;

	return jvpn_dgram_decode(d, (const uint8_t *)bytes, len, &packet, packet_len);
}

START_TEST(dgram_bind__request_stream__writes_quarter_id_and_context)
{
	struct jvpn_dgram d;

	jvpn_dgram_init(&d);
	ck_assert_int_eq(jvpn_dgram_bind(&d, 4, true), 0);
	ck_assert_uint_eq(d.prefix_len, 2);
	ck_assert_mem_eq(d.prefix, "\x01\x00", 2);
	ck_assert_mem_eq(d.probe, "\x01\x7f\xfe", d.probe_len);
	ck_assert_int_eq(jvpn_dgram_bind(&d, 4, false), 0);
	ck_assert_mem_eq(d.probe, "\x01\x7f\xff", d.probe_len);
	ck_assert_int_ne(jvpn_dgram_bind(&d, 2, true), 0);
	ck_assert_int_eq(jvpn_dgram_bind(&d, -1, true), JVPN_EINVAL);
}
END_TEST

START_TEST(dgram_decode__kinds__are_told_apart)
{
	struct jvpn_dgram d;
	size_t len = 0;

	jvpn_dgram_init(&d);
	ck_assert_int_eq(decode(&d, "\x00\x00xyz", 5, &len), JVPN_DGRAM_OTHER); /* no tunnel yet */
	ck_assert_int_eq(jvpn_dgram_bind(&d, 0, true), 0);
	ck_assert_int_eq(decode(&d, "\x00\x00xyz", 5, &len), JVPN_DGRAM_PACKET);
	ck_assert_uint_eq(len, 3);
	/* A longer encoding of the same numbers. */
	ck_assert_int_eq(decode(&d, "\x40\x00\x40\x00xyz", 7, &len), JVPN_DGRAM_PACKET);
	ck_assert_uint_eq(len, 3);
	ck_assert_int_eq(decode(&d, "\x00\x00", 2, &len), JVPN_DGRAM_OTHER);  /* no packet */
	ck_assert_int_eq(decode(&d, "\x01\x00x", 3, &len), JVPN_DGRAM_OTHER); /* other stream */
	ck_assert_int_eq(decode(&d, "\x00\x02x", 3, &len), JVPN_DGRAM_OTHER); /* other context */
	ck_assert_int_eq(decode(&d, "\x00\x7f\xff", 3, &len), JVPN_DGRAM_OTHER);
	ck_assert_int_eq(decode(&d, "", 0, &len), JVPN_DGRAM_MALFORMED);
	ck_assert_int_eq(decode(&d, "\x00", 1, &len), JVPN_DGRAM_MALFORMED);
	ck_assert_int_eq(decode(&d, "\xff\xff\xff\xff\xff\xff\xff\xff\x00", 9, &len),
			 JVPN_DGRAM_MALFORMED);
}
END_TEST

START_TEST(dgram_max_packet__1331__carries_1280_with_any_connection_id)
{
	struct jvpn_dgram d;

	jvpn_dgram_init(&d);
	ck_assert_uint_ge(jvpn_dgram_max_packet(&d, 1331, 20), 1280);
	ck_assert_uint_lt(jvpn_dgram_max_packet(&d, 1200, 0), 1280);
	ck_assert_uint_eq(jvpn_dgram_max_packet(&d, 30, 20), 0);
}
END_TEST

UNIT_TESTS(dgram)
{
	tcase_add_test(tc, dgram_bind__request_stream__writes_quarter_id_and_context);
	tcase_add_test(tc, dgram_decode__kinds__are_told_apart);
	tcase_add_test(tc, dgram_max_packet__1331__carries_1280_with_any_connection_id);
}
