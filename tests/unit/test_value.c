/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of config/value: bounds, units, addresses.
 */
#include "config/value.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/err.h"
#include "unit.h"

START_TEST(value_uint__edges__exact_or_refused)
{
	uint64_t v = 7;

	ck_assert_int_eq(jvpn_value_uint("0", &v), 0);
	ck_assert_uint_eq(v, 0);
	ck_assert_int_eq(jvpn_value_uint("18446744073709551615", &v), 0);
	ck_assert_uint_eq(v, UINT64_MAX);
	v = 7;
	ck_assert_int_eq(jvpn_value_uint("18446744073709551616", &v), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_value_uint("99999999999999999999999", &v), JVPN_ERANGE);
	ck_assert_uint_eq(v, 7);
}
END_TEST

START_TEST(value_uint__not_an_integer__malformed)
{
	static const char *const bad[] = {
		"",      " 1",  "1 ",  "-1",    "+1",    "0x10",  "010",      "1e3",
		"1e400", "0.5", "NaN", "eight", "1,000", "1_000", "\xd9\xa1",
	};
	uint64_t v = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(jvpn_value_uint(bad[i], &v) == JVPN_EMALFORMED, "%s", bad[i]);
	ck_assert_uint_eq(v, 7);
}
END_TEST

START_TEST(value_bool__only_true_and_false)
{
	bool b = false;

	ck_assert_int_eq(jvpn_value_bool("true", &b), 0);
	ck_assert(b);
	ck_assert_int_eq(jvpn_value_bool("false", &b), 0);
	ck_assert(!b);
	ck_assert_int_eq(jvpn_value_bool("yes", &b), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_bool("True", &b), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_bool("1", &b), JVPN_EMALFORMED);
}
END_TEST

START_TEST(value_decimal__ratio__exact_to_the_last_digit)
{
	uint64_t v = 7;

	ck_assert_int_eq(jvpn_value_decimal("0.20", 6, &v), 0);
	ck_assert_uint_eq(v, 200000);
	ck_assert_int_eq(jvpn_value_decimal("1", 6, &v), 0);
	ck_assert_uint_eq(v, 1000000);
	ck_assert_int_eq(jvpn_value_decimal("1.1", 3, &v), 0);
	ck_assert_uint_eq(v, 1100);
	ck_assert_int_eq(jvpn_value_decimal("0.0000010", 6, &v), 0);
	ck_assert_uint_eq(v, 1);
	v = 7;
	ck_assert_int_eq(jvpn_value_decimal("0.0000001", 6, &v), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_value_decimal("1e400", 6, &v), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_decimal("1.", 6, &v), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_decimal(".5", 6, &v), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_decimal("-0.5", 6, &v), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_decimal("NaN", 6, &v), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_decimal("18446744073709551615", 6, &v), JVPN_ERANGE);
	ck_assert_uint_eq(v, 7);
}
END_TEST

START_TEST(value_duration__units__milliseconds)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = {{"45ms", 45},        {"8s", 8000}, {"10min", 600000}, {"8h", 28800000},
		    {"30d", 2592000000}, {"0", 0},     {"0ms", 0}};
	static const char *const bad[] = {"45", "45 ms", "1.5s", "-1s", "5m", "ms", "1hs", "1H"};
	uint64_t v = 7;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_int_eq(jvpn_value_duration_ms(good[i].text, false, &v), 0);
		ck_assert_uint_eq(v, good[i].ms);
	}
	v = 7;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(jvpn_value_duration_ms(bad[i], false, &v), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_duration_ms("213503982335d", false, &v), JVPN_ERANGE);
	ck_assert_uint_eq(v, 7);
	ck_assert_int_eq(jvpn_value_duration_ms("45", true, &v), 0);
	ck_assert_uint_eq(v, 45);
}
END_TEST

START_TEST(value_bytes__units__bytes)
{
	uint64_t v = 7;

	ck_assert_int_eq(jvpn_value_bytes("4096", &v), 0);
	ck_assert_uint_eq(v, 4096);
	ck_assert_int_eq(jvpn_value_bytes("512KiB", &v), 0);
	ck_assert_uint_eq(v, 512 * 1024);
	ck_assert_int_eq(jvpn_value_bytes("1GiB", &v), 0);
	ck_assert_uint_eq(v, 1ULL << 30);
	ck_assert_int_eq(jvpn_value_bytes("1GB", &v), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_bytes("17179869184GiB", &v), JVPN_ERANGE);
}
END_TEST

START_TEST(value_prefix__host_bits_and_lengths__checked)
{
	struct jvpn_prefix p = {0};

	ck_assert_int_eq(jvpn_value_prefix("10.9.0.0/24", &p), 0);
	ck_assert_uint_eq(p.family, 4);
	ck_assert_uint_eq(p.length, 24);
	ck_assert_int_eq(jvpn_value_prefix("fd00:9::/64", &p), 0);
	ck_assert_uint_eq(p.family, 6);
	ck_assert_int_eq(jvpn_value_prefix("0.0.0.0/0", &p), 0);
	ck_assert_int_eq(jvpn_value_prefix("10.9.0.1/24", &p), JVPN_EINVAL);
	ck_assert_int_eq(jvpn_value_prefix("10.9.0.0/33", &p), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_value_prefix("fd00:9::/129", &p), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_value_prefix("10.9.0.0", &p), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_prefix("10.9.0/24", &p), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_prefix("/24", &p), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_prefix("10.9.0.0/24/1", &p), JVPN_EMALFORMED);
	ck_assert_uint_eq(p.length, 0);
}
END_TEST

START_TEST(value_address__families_and_brackets__parsed)
{
	struct sockaddr_storage ss = {0};
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&ss;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&ss;
	static const char *const bad[] = {
		"443",          "0.0.0.0",  "0.0.0.0:",  "::1:443",  "[::1]", "[::1]443",
		"[10.0.0.1]:1", "host:443", "0.0.0.0:x", "[::1:443", ":443",
	};

	ck_assert_int_eq(jvpn_value_address("192.0.2.1:443", &ss), 0);
	ck_assert_int_eq(ss.ss_family, AF_INET);
	ck_assert_uint_eq(ntohs(v4->sin_port), 443);
	ck_assert_int_eq(jvpn_value_address("[2001:db8::1]:8443", &ss), 0);
	ck_assert_int_eq(ss.ss_family, AF_INET6);
	ck_assert_uint_eq(ntohs(v6->sin6_port), 8443);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(jvpn_value_address(bad[i], &ss) == JVPN_EMALFORMED, "%s", bad[i]);
	ck_assert_int_eq(jvpn_value_address("192.0.2.1:0", &ss), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_value_address("192.0.2.1:65536", &ss), JVPN_ERANGE);
	ck_assert_uint_eq(ntohs(v6->sin6_port), 8443);
}
END_TEST

START_TEST(value_host__names_and_addresses__parsed)
{
	struct jvpn_config_host host = {0};

	ck_assert_int_eq(jvpn_value_host("vpn.example.net:443", &host), 0);
	ck_assert_str_eq(host.host, "vpn.example.net");
	ck_assert_int_eq(jvpn_value_host("[2001:db8::1]:443", &host), 0);
	ck_assert_str_eq(host.host, "2001:db8::1");
	ck_assert_int_eq(jvpn_value_host("203.0.113.7:51", &host), 0);
	ck_assert_uint_eq(host.port, 51);
	ck_assert_int_eq(jvpn_value_host("203.0.113.700:51", &host), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_host("2001:db8::1:443", &host), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_host("-bad.example:1", &host), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_host("a..b:1", &host), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_value_host("a b:1", &host), JVPN_EMALFORMED);
	ck_assert_str_eq(host.host, "203.0.113.7");
}
END_TEST

START_TEST(value_hex__length_and_digits__checked)
{
	struct jvpn_config_hex hex = {0};

	ck_assert_int_eq(jvpn_value_hex("", &hex), 0);
	ck_assert_uint_eq(hex.length, 0);
	ck_assert_int_eq(jvpn_value_hex("0a0B", &hex), 0);
	ck_assert_uint_eq(hex.length, 2);
	ck_assert_uint_eq(hex.data[1], 0x0b);
	ck_assert_int_eq(jvpn_value_hex("0a0", &hex), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_value_hex("000102030405060708", &hex), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_value_hex("0g", &hex), JVPN_EMALFORMED);
	ck_assert_uint_eq(hex.length, 2);
}
END_TEST

UNIT_TESTS(value)
{
	tcase_add_test(tc, value_uint__edges__exact_or_refused);
	tcase_add_test(tc, value_uint__not_an_integer__malformed);
	tcase_add_test(tc, value_bool__only_true_and_false);
	tcase_add_test(tc, value_decimal__ratio__exact_to_the_last_digit);
	tcase_add_test(tc, value_duration__units__milliseconds);
	tcase_add_test(tc, value_bytes__units__bytes);
	tcase_add_test(tc, value_prefix__host_bits_and_lengths__checked);
	tcase_add_test(tc, value_address__families_and_brackets__parsed);
	tcase_add_test(tc, value_host__names_and_addresses__parsed);
	tcase_add_test(tc, value_hex__length_and_digits__checked);
}
