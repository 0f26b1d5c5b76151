/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * resolv.conf taken away and put back, and the journal that remembers it.
 */
#include "client/resolvfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "client/dnsjournal.h"
#include "unit.h"

static char dir[64], path[128], journal[128], device[JVPN_RESOLVFILE_DEVICE_MAX + 1];
static struct jvpn_resolvfile before, now, ours;
static struct jvpn_dnsjournal saved, loaded;

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/jvpn-resolv-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/resolv.conf", dir);
	snprintf(journal, sizeof(journal), "%s/x.dns", dir);
	memset(&now, 0, sizeof(now));
	ck_assert_int_eq(jvpn_resolvfile_wrap("jvpn0", "nameserver 10.0.0.1\n", &now, &ours), 0);
}

static void teardown(void)
{
	(void)unlink(path);
	(void)unlink(journal);
	ck_assert_int_eq(rmdir(dir), 0); /* nothing else was left */
}

static void write_file(const char *to, const char *text, size_t len)
{
	FILE *f = fopen(to, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	fclose(f);
}

static void take_and_put_back(void)
{
	ck_assert_int_eq(jvpn_resolvfile_read(path, &before), 0);
	ck_assert(!jvpn_resolvfile_is_ours(&before, device));
	ck_assert_int_eq(jvpn_resolvfile_wrap("jvpn-0.x", "nameserver 10.0.0.1\n", &before, &ours),
			 0);
	ck_assert_int_eq(jvpn_resolvfile_replace(path, &ours), 0);
	ck_assert_int_eq(jvpn_resolvfile_read(path, &now), 0);
	ck_assert(jvpn_resolvfile_is_ours(&now, device));
	ck_assert_str_eq(device, "jvpn-0.x");
	ck_assert_str_eq(now.text, ours.text);
	/* Nothing but the file says what was there. */
	ck_assert_int_eq(jvpn_resolvfile_unwrap(&now), 0);
	ck_assert_int_eq(memcmp(&now, &before, sizeof(now)), 0);
	ck_assert_int_eq(jvpn_resolvfile_replace(path, &now), 0);
	ck_assert_int_eq(jvpn_resolvfile_read(path, &now), 0);
	ck_assert_int_eq(memcmp(&now, &before, sizeof(now)), 0);
}

START_TEST(resolvfile__file_link_nothing__come_back)
{
	take_and_put_back();
	ck_assert_int_eq(before.kind, JVPN_RESOLVFILE_NONE);
	ck_assert_int_ne(access(path, F_OK), 0);
	write_file(path, "nameserver 192.0.2.1\n", 21);
	ck_assert_int_eq(chmod(path, 0640), 0);
	take_and_put_back();
	ck_assert_int_eq(before.kind, JVPN_RESOLVFILE_FILE);
	ck_assert_uint_eq(now.mode, 0640);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("../run/systemd/resolve/stub-resolv.conf", path), 0);
	take_and_put_back();
	ck_assert_int_eq(before.kind, JVPN_RESOLVFILE_LINK);
}
END_TEST

START_TEST(resolvfile_wrap__any_text__comes_back)
{
	static const char *const texts[] = {
		"", "\n", "a", "a\n", "\n\na\n\n", "#| a\n#\\ b", "\n# jvpn-before: none 0 0 0\n"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		memset(&before, 0, sizeof(before));
		before.kind = JVPN_RESOLVFILE_FILE;
		before.mode = 0600;
		before.uid = 12;
		before.gid = 4000000000;
		snprintf(before.text, sizeof(before.text), "%s", texts[i]);
		/* One client on another. */
		ck_assert_int_eq(jvpn_resolvfile_wrap("a0", "nameserver 10.0.0.1\n", &before, &now),
				 0);
		ck_assert_int_eq(jvpn_resolvfile_wrap("b0", "nameserver 10.0.0.2\n", &now, &ours),
				 0);
		ck_assert_int_eq(jvpn_resolvfile_unwrap(&ours), 0);
		ck_assert_int_eq(strcmp(ours.text, now.text), 0);
		ck_assert(jvpn_resolvfile_is_ours(&ours, device));
		ck_assert_str_eq(device, "a0");
		ck_assert_int_eq(jvpn_resolvfile_unwrap(&ours), 0);
		ck_assert_int_eq(memcmp(&ours, &before, sizeof(ours)), 0);
	}
	memset(before.text, 'x', JVPN_RESOLVFILE_TEXT_MAX);
	ck_assert_int_eq(jvpn_resolvfile_wrap("a0", "", &before, &now), JVPN_ERANGE);
}
END_TEST

START_TEST(resolvfile_unwrap__damaged__untouched)
{
	static const char *const bad[] = {
		"nameserver 10.0.0.1\n",
		"# jvpn-client wrote this for a0; x\nnameserver 10.0.0.1\n",
		"# jvpn-client wrote this for a0; x\n\n# jvpn-before: dir 644 0 0\n#| a\n",
		"# jvpn-client wrote this for a0; x\n\n# jvpn-before: file 4755 0 0\n#| a\n",
		"# jvpn-client wrote this for a0; x\n\n# jvpn-before: file 644 0\n#| a\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&now, 0, sizeof(now));
		now.kind = JVPN_RESOLVFILE_FILE;
		snprintf(now.text, sizeof(now.text), "%s", bad[i]);
		before = now;
		ck_assert_msg(jvpn_resolvfile_unwrap(&now) == JVPN_EMALFORMED, "%zu", i);
		ck_assert_int_eq(memcmp(&now, &before, sizeof(now)), 0);
	}
}
END_TEST

START_TEST(resolvfile_replace__owner__comes_back)
{
	struct stat st;

	if (geteuid() != 0)
		return;
	write_file(path, "nameserver 192.0.2.1\n", 21);
	ck_assert_int_eq(chown(path, 12, 34), 0);
	take_and_put_back();
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, 12);
	ck_assert_uint_eq(st.st_gid, 34);
}
END_TEST

START_TEST(resolvfile_read__no_text__refused)
{
	static char large[JVPN_RESOLVFILE_TEXT_MAX + 10];

	write_file(path, "a\0b", 3);
	ck_assert_int_eq(jvpn_resolvfile_read(path, &now), JVPN_ERANGE);
	memset(large, 'x', sizeof(large));
	write_file(path, large, JVPN_RESOLVFILE_TEXT_MAX);
	ck_assert_int_eq(jvpn_resolvfile_read(path, &now), 0);
	write_file(path, large, JVPN_RESOLVFILE_TEXT_MAX + 1);
	ck_assert_int_eq(jvpn_resolvfile_read(path, &now), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_resolvfile_read(dir, &now), JVPN_ERANGE);
	ck_assert_int_eq(jvpn_resolvfile_replace("/nonexistent-dir/resolv.conf", &ours), JVPN_EIO);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

static void fill(enum jvpn_dns_mode mode)
{
	memset(&saved, 0, sizeof(saved));
	saved.mode = mode;
	snprintf(saved.device, sizeof(saved.device), "jvpn0");
	saved.before.kind = JVPN_RESOLVFILE_FILE;
	saved.before.mode = 0644;
	snprintf(saved.before.text, sizeof(saved.before.text), "# a\n\nnameserver 192.0.2.1");
}

START_TEST(dnsjournal__every_mode__survives)
{
	struct stat st;

	ck_assert_int_eq(jvpn_dnsjournal_load(journal, &loaded), 0);
	ck_assert_int_eq(loaded.mode, JVPN_DNS_OFF);
	for (int mode = JVPN_DNS_RESOLVECTL; mode < JVPN_DNS_MODE_COUNT; mode++) {
		fill((enum jvpn_dns_mode)mode);
		ck_assert_int_eq(jvpn_dnsjournal_save(journal, &saved), 0);
		ck_assert_int_eq(jvpn_dnsjournal_load(journal, &loaded), 0);
		ck_assert_int_eq(memcmp(&loaded, &saved, sizeof(saved)), 0);
	}
	ck_assert_int_eq(stat(journal, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	saved.mode = JVPN_DNS_OFF;
	ck_assert_int_eq(jvpn_dnsjournal_save(journal, &saved), 0);
	ck_assert_int_ne(access(journal, F_OK), 0);
	ck_assert_int_eq(jvpn_dnsjournal_save(journal, &saved), 0);
}
END_TEST

START_TEST(dnsjournal_load__damaged_or_of_others__malformed)
{
	static const char *const bad[] = {
		"",
		"jvpn-dns-journal 2\nfile\njvpn0\nfile\n644\n",
		"jvpn-dns-journal 1\nauto\njvpn0\nfile\n644\n",
		"jvpn-dns-journal 1\nfile\n-x\nfile\n644\n",
		"jvpn-dns-journal 1\nfile\na;reboot\nfile\n644\n",
		"jvpn-dns-journal 1\nfile\nsixteencharacter\nfile\n644\n",
		"jvpn-dns-journal 1\nfile\njvpn0\ndirectory\n644\n",
		"jvpn-dns-journal 1\nfile\njvpn0\nfile\n6449\n",
		"jvpn-dns-journal 1\nfile\njvpn0\nfile\n644",
		"jvpn-dns-journal 1\nfile\njvpn0",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file(journal, bad[i], strlen(bad[i]));
		ck_assert_int_eq(chmod(journal, 0600), 0);
		ck_assert_msg(jvpn_dnsjournal_load(journal, &loaded) == JVPN_EMALFORMED, "%zu", i);
		ck_assert_int_eq(loaded.mode, JVPN_DNS_OFF);
	}
	fill(JVPN_DNS_FILE);
	ck_assert_int_eq(jvpn_dnsjournal_save(journal, &saved), 0);
	ck_assert_int_eq(chmod(journal, 0620), 0);
	ck_assert_int_eq(jvpn_dnsjournal_load(journal, &loaded), JVPN_EMALFORMED);
	ck_assert_int_eq(unlink(journal), 0);
	ck_assert_int_eq(symlink(path, journal), 0);
	write_file(path, "x", 1);
	ck_assert_int_eq(jvpn_dnsjournal_load(journal, &loaded), JVPN_EMALFORMED);
}
END_TEST

UNIT_TESTS(resolvfile)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, resolvfile__file_link_nothing__come_back);
	tcase_add_test(tc, resolvfile_wrap__any_text__comes_back);
	tcase_add_test(tc, resolvfile_unwrap__damaged__untouched);
	tcase_add_test(tc, resolvfile_replace__owner__comes_back);
	tcase_add_test(tc, resolvfile_read__no_text__refused);
	tcase_add_test(tc, dnsjournal__every_mode__survives);
	tcase_add_test(tc, dnsjournal_load__damaged_or_of_others__malformed);
}
