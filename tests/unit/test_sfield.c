/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Structured field dictionaries: what RFC 9651 allows and what it refuses.
 */
#include "unit.h"

#include <string.h>

#include "base/err.h"
#include "proto/sfield.h"

/* Number of members, or the error. */
static int walk(const char *text, size_t len)
{
	struct jvpn_sfield_dict d;
	struct jvpn_sfield_member m;
	int count = 0, n;

	jvpn_sfield_dict_init(&d, text, len);
	while ((n = jvpn_sfield_dict_next(&d, &m)) > 0)
		count++;
	return n ? n : count;
}

static const struct {
	const char *text;
	int count;
} valid[] = {
	{"", 0},
	{"   ", 0},
	{"a", 1},
	{"a=1", 1},
	{"  a=1  ", 1},
	{"a=1,b=2", 2},
	{"a=1 ,\t b=2", 2},
	{"a=-999999999999999", 1},
	{"a=123456789012.123", 1},
	{"a=\"x \\\" \\\\ y\"", 1},
	{"a=tok/en:*!#", 1},
	{"a=*", 1},
	{"a=:AQID:, b=::", 2},
	{"a=:AQ:, b=:AQ==:", 2},
	{"a=?0, b=?1", 2},
	{"a=@1659578233", 1},
	{"a=%\"f%c3%bc\"", 1},
	{"a=(1 \"x\" tok;p=1 ?1);q, b", 2},
	{"a=()", 1},
	{"a=(  1  )", 1},
	{"a;x;y=2; z=:AA==:, *b_-.*9=3", 2},
	{"a=1, a=2, a=3", 3},
	{"a=1\t", 1},
};

START_TEST(sfield_dict__valid_text__members)
{
	int n = walk(valid[_i].text, strlen(valid[_i].text));

	ck_assert_msg(n == valid[_i].count, "%s: %d", valid[_i].text, n);
}
END_TEST

static const char *const invalid[] = {
	",",
	"a,",
	"a=1,,b",
	"a=1 b=2",
	"A=1",
	"1=a",
	"-a",
	"a=",
	"a= 1",
	"a=1.",
	"a=.1",
	"a=-",
	"a=1234567890123456",
	"a=1234567890123.1",
	"a=1.1234",
	"a=\"x",
	"a=\"x\\y\"",
	"a=\"x\\",
	"a=\"\xc3\xbc\"",
	"a=:AQID",
	"a=:AQ ID:",
	"a=:AQ=ID:",
	"a=?",
	"a=?2",
	"a=@1.5",
	"a=@",
	"a=%x",
	"a=%\"%C3\"",
	"a=%\"%c\"",
	"a=%\"x",
	"a=(1",
	"a=(1 2",
	"a=(1,2)",
	"a=((1))",
	"a=(1;=)",
	"a;",
	"a;1",
	"a=1;b=",
	"a=1;b=(1)",
	"\ta=1",
	"a=\x7f",
	"a=1\n",
};

START_TEST(sfield_dict__invalid_text__malformed)
{
	const char *text = invalid[_i];
	int n = walk(text, strlen(text));

	ck_assert_msg(n == JVPN_EMALFORMED, "%s: %d", text, n);
}
END_TEST

START_TEST(sfield_dict__nul_octet__malformed)
{
	ck_assert_int_eq(walk("a=1\0b", 5), JVPN_EMALFORMED);
	ck_assert_int_eq(walk("\0", 1), JVPN_EMALFORMED);
	ck_assert_int_eq(walk("a=t\0", 4), JVPN_EMALFORMED);
	ck_assert_int_eq(walk("a=:AQ\0:", 7), JVPN_EMALFORMED);
	ck_assert_int_eq(walk("a=\"\0\"", 5), JVPN_EMALFORMED);
}
END_TEST

START_TEST(sfield_bytes__samples__decoded_and_printed)
{
	uint8_t data[32], out[33];

	for (size_t len = 0; len <= sizeof(data); len++) {
		char text[80];
		struct jvpn_sfield_dict d;
		struct jvpn_sfield_member m;

		for (size_t i = 0; i < len; i++)
			data[i] = (uint8_t)(i * 37 + len);
		text[0] = 'a';
		text[1] = '=';
		jvpn_sfield_bytes_print(data, len, text + 2);
		ck_assert_uint_eq(strlen(text + 2), jvpn_sfield_bytes_size(len));
		jvpn_sfield_dict_init(&d, text, strlen(text));
		ck_assert_int_eq(jvpn_sfield_dict_next(&d, &m), 1);
		ck_assert_int_eq(jvpn_sfield_bytes(&m.value, out, len), 0);
		ck_assert_mem_eq(out, data, len);
		ck_assert_int_eq(jvpn_sfield_bytes(&m.value, out, len + 1), JVPN_EMALFORMED);
	}
}
END_TEST

UNIT_TESTS(sfield)
{
	tcase_add_loop_test(tc, sfield_dict__valid_text__members, 0,
			    (int)(sizeof(valid) / sizeof(valid[0])));
	tcase_add_loop_test(tc, sfield_dict__invalid_text__malformed, 0,
			    (int)(sizeof(invalid) / sizeof(invalid[0])));
	tcase_add_test(tc, sfield_dict__nul_octet__malformed);
	tcase_add_test(tc, sfield_bytes__samples__decoded_and_printed);
}
