/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of tun/journal: lines and files. What the journal does to the kernel: tests/netns/netcfg.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "tun/journal.h"
#include "unit.h"

static char directory[64], path[128];
static struct jvpn_journal_item loaded[JVPN_JOURNAL_ITEMS_MAX];

static void setup(void)
{
	snprintf(directory, sizeof(directory), "/tmp/jvpn-journal-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/run/jvpn0.net", directory);
}

static void teardown(void)
{
	char run[128];

	(void)unlink(path);
	snprintf(run, sizeof(run), "%s/run", directory);
	(void)rmdir(run);
	ck_assert_int_eq(rmdir(directory), 0);
}

static const struct jvpn_journal_item examples[] = {
	{.kind = JVPN_JOURNAL_ADDRESS, .u.address = {3, {4, 24, {10, 8, 0, 1}}}},
	{.kind = JVPN_JOURNAL_ADDRESS, .u.address = {7, {6, 128, {0xfd, [15] = 2}}}},
	{.kind = JVPN_JOURNAL_ROUTE,
	 .u.route = {.type = JVPN_NETCFG_ROUTE_UNREACHABLE,
		     .prefix = {4, 0, {0}},
		     .table = 27254,
		     .metric = UINT32_MAX}},
	{.kind = JVPN_JOURNAL_ROUTE,
	 .u.route = {.type = JVPN_NETCFG_ROUTE_UNICAST,
		     .prefix = {6, 32, {0x20, 1, 0x0d, 0xb8}},
		     .ifindex = 2,
		     .via = {0xfe, 0x80, [15] = 1}}},
	{.kind = JVPN_JOURNAL_ROUTE,
	 .u.route = {.type = JVPN_NETCFG_ROUTE_PROHIBIT, .prefix = {6, 0, {0}}, .table = 1}},
	{.kind = JVPN_JOURNAL_ROUTE,
	 .u.route = {.type = JVPN_NETCFG_ROUTE_THROW,
		     .prefix = {4, 8, {10}},
		     .table = 27254,
		     .metric = 1}},
	{.kind = JVPN_JOURNAL_RULE,
	 .u.rule = {.family = 4, .priority = 27254, .suppress_default = true}},
	{.kind = JVPN_JOURNAL_RULE, .u.rule = {6, 27255, 27254, 0x6a76, true, false}},
};
#define EXAMPLES (sizeof(examples) / sizeof(examples[0]))

START_TEST(journal_item__every_kind__survives_encoding)
{
	struct jvpn_journal_item item;
	char line[JVPN_JOURNAL_LINE_MAX];

	for (size_t i = 0; i < EXAMPLES; i++) {
		ck_assert_int_eq(jvpn_journal_item_encode(&examples[i], line, sizeof(line)), 0);
		ck_assert_int_eq(jvpn_journal_item_decode(line, &item), 0);
		for (size_t j = 0; j < EXAMPLES; j++)
			ck_assert_int_eq(jvpn_journal_item_equal(&item, &examples[j]), i == j);
	}
	ck_assert_int_eq(jvpn_journal_item_encode(&examples[3], line, 10), JVPN_ENOSPACE);
}
END_TEST

START_TEST(journal_item_decode__anything_else__is_malformed)
{
	static const char *const bad[] = {
		"",
		"rule",
		"address 10.8.0.1 dev 3",
		"address 10.8.0.1/33 dev 3",
		"address 10.8.0/24 dev 3",
		"address 10.8.0.1/24 dev -3",
		"address 10.8.0.1/24 dev 3 ",
		"address 10.8.0.1/24 dev 3 x",
		"address 10.8.0.1/24  dev 3",
		"address /24 dev 3",
		"address 10.8.0.1/ dev 3",
		"rule family 5 priority 1 table 1 fwmark 1 not 0 suppress 0",
		"rule family 4 priority 1 table 1 fwmark 1 not 2 suppress 0",
		"rule family 4 priority 4294967296 table 1 fwmark 1 not 0 suppress 0",
		"rule family 4 priority 99999999999 table 1 fwmark 1 not 0 suppress 0",
		"rule family 4 priority 18446744073709551617 table 1 fwmark 1 not 0 suppress 0",
		"rule family 4 priority 0x1 table 1 fwmark 1 not 0 suppress 0",
		"rule family 4 table 1 priority 1 fwmark 1 not 0 suppress 0",
		"route type local to 0.0.0.0/0 table 1 dev 0 via 0.0.0.0 metric 0",
		"route type prohibit to ::/0 table 1 dev 0 via 0.0.0.0 metric 0",
		"nothing",
	};
	struct jvpn_journal_item item;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(jvpn_journal_item_decode(bad[i], &item) == JVPN_EMALFORMED, "%s",
			      bad[i]);
}
END_TEST

START_TEST(journal_save__then_load__is_the_same)
{
	size_t count = 99;
	struct stat st;

	ck_assert_int_eq(jvpn_journal_load(path, loaded, JVPN_JOURNAL_ITEMS_MAX, &count), 0);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(jvpn_journal_save(path, examples, EXAMPLES), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(jvpn_journal_load(path, loaded, JVPN_JOURNAL_ITEMS_MAX, &count), 0);
	ck_assert_uint_eq(count, EXAMPLES);
	for (size_t i = 0; i < EXAMPLES; i++)
		ck_assert(jvpn_journal_item_equal(&loaded[i], &examples[i]));
	ck_assert_int_eq(jvpn_journal_save(path, NULL, 0), 0);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(jvpn_journal_save(path, NULL, 0), 0);
}
END_TEST

START_TEST(journal_load__every_truncation__is_malformed)
{
	char text[4096];
	size_t count, len;
	int fd;

	ck_assert_int_eq(jvpn_journal_save(path, examples, EXAMPLES), 0);
	fd = open(path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	len = (size_t)read(fd, text, sizeof(text));
	/* All but the last octet: without its newline the closing line is complete, refused. */
	for (size_t cut = 0; cut < len; cut++) {
		ck_assert_int_eq(ftruncate(fd, 0), 0);
		ck_assert_int_eq(pwrite(fd, text, cut, 0), (ssize_t)cut);
		ck_assert_int_eq(jvpn_journal_load(path, loaded, JVPN_JOURNAL_ITEMS_MAX, &count),
				 JVPN_EMALFORMED);
	}
	ck_assert_int_eq(pwrite(fd, text, len, 0), (ssize_t)len);
	ck_assert_int_eq(jvpn_journal_load(path, loaded, JVPN_JOURNAL_ITEMS_MAX, &count), 0);
	ck_assert_int_eq(jvpn_journal_load(path, loaded, EXAMPLES - 1, &count), JVPN_EMALFORMED);
	close(fd);
}
END_TEST

START_TEST(journal_decode__line_missing_in_the_middle__is_malformed)
{
	char complete[] = "jvpn-netcfg-journal 1\naddress 10.8.0.1/24 dev 3\nend 1\n";
	char short_of_one[] = "jvpn-netcfg-journal 1\naddress 10.8.0.1/24 dev 3\nend 2\n";
	char version[] = "jvpn-netcfg-journal 2\naddress 10.8.0.1/24 dev 3\nend 1\n";
	size_t count;

	ck_assert_int_eq(jvpn_journal_decode(complete, loaded, 10, &count), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(jvpn_journal_decode(short_of_one, loaded, 10, &count), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_journal_decode(version, loaded, 10, &count), JVPN_EMALFORMED);
}
END_TEST

START_TEST(journal_load__file_others_can_write__is_refused)
{
	size_t count;

	ck_assert_int_eq(jvpn_journal_save(path, examples, EXAMPLES), 0);
	ck_assert_int_eq(chmod(path, 0620), 0);
	ck_assert_int_eq(jvpn_journal_load(path, loaded, JVPN_JOURNAL_ITEMS_MAX, &count),
			 JVPN_EMALFORMED);
	ck_assert_int_eq(chmod(path, 0602), 0);
	ck_assert_int_eq(jvpn_journal_load(path, loaded, JVPN_JOURNAL_ITEMS_MAX, &count),
			 JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_journal_load(directory, loaded, JVPN_JOURNAL_ITEMS_MAX, &count),
			 JVPN_EMALFORMED);
}
END_TEST

UNIT_TESTS(journal)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, journal_item__every_kind__survives_encoding);
	tcase_add_test(tc, journal_item_decode__anything_else__is_malformed);
	tcase_add_test(tc, journal_save__then_load__is_the_same);
	tcase_add_test(tc, journal_load__every_truncation__is_malformed);
	tcase_add_test(tc, journal_decode__line_missing_in_the_middle__is_malformed);
	tcase_add_test(tc, journal_load__file_others_can_write__is_refused);
}
