/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Secret files and the keyring: modes, lengths, zeros, links, and that nothing is ever replaced by
 * a fresh key silently.
 */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "crypto/keyfile.h"
#include "crypto/keyring.h"

static char dir[64], path[128], other[128];
static char error[JVPN_KEYFILE_ERROR_MAX];
static struct jvpn_secret secret, loaded;

static void setup(void)
{
	strcpy(dir, "/tmp/jvpn-keyfile-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a.key", dir);
	snprintf(other, sizeof(other), "%s/b.key", dir);
	error[0] = '\0';
	ck_assert_int_eq(jvpn_secret_generate(&secret, JVPN_SECRET_KEY_BYTES), 0);
}

static size_t entries(void)
{
	DIR *d = opendir(dir);
	size_t count = 0;

	for (struct dirent *e; (e = readdir(d));)
		count += e->d_name[0] != '.';
	closedir(d);
	return count;
}

static void teardown(void)
{
	DIR *d = opendir(dir);
	char name[512];

	for (struct dirent *e; d && (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", dir, e->d_name);
		unlink(name);
	}
	closedir(d);
	rmdir(dir);
}

static void write_file(const void *data, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static int load(void)
{
	return jvpn_keyfile_load(path, JVPN_SECRET_KEY_BYTES, &loaded, error, sizeof(error));
}

START_TEST(keyfile_store__then_load__same_secret_0600_no_leftovers)
{
	struct stat st;

	umask(0);
	ck_assert_int_eq(jvpn_keyfile_store(path, &secret, error, sizeof(error)), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(load(), 0);
	ck_assert(jvpn_secret_equal(&secret, &loaded));
	ck_assert_uint_eq(entries(), 1);
	ck_assert_int_eq(jvpn_secret_generate(&secret, JVPN_SECRET_KEY_BYTES), 0);
	ck_assert_int_eq(jvpn_keyfile_store(path, &secret, NULL, 0), 0);
	ck_assert_int_eq(load(), 0);
	ck_assert(jvpn_secret_equal(&secret, &loaded));
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(keyfile_load__open_to_others__refused_with_advice)
{
	for (mode_t bit = 1; bit < 0100; bit <<= 1) {
		write_file(secret.b, 32, 0600 | bit);
		ck_assert_int_eq(load(), JVPN_EPERM);
		ck_assert_ptr_nonnull(strstr(error, path));
		ck_assert_ptr_nonnull(strstr(error, "chmod 600"));
		ck_assert(!jvpn_secret_is_set(&loaded));
	}
	write_file(secret.b, 32, 0400);
	ck_assert_int_eq(load(), 0);
}
END_TEST

START_TEST(keyfile_load__other_length__refused)
{
	uint8_t data[64];

	memset(data, 9, sizeof(data));
	for (size_t n = 0; n <= 64; n++) {
		write_file(data, n, 0600);
		ck_assert_int_eq(load(), n == 32 ? 0 : JVPN_EMALFORMED);
		if (n != 32)
			ck_assert_ptr_nonnull(strstr(error, path));
	}
}
END_TEST

START_TEST(keyfile_load__all_zero__refused)
{
	uint8_t zero[32] = {0};

	write_file(zero, 32, 0600);
	ck_assert_int_eq(load(), JVPN_EMALFORMED);
	ck_assert(!jvpn_secret_is_set(&loaded));
	ck_assert_int_eq(jvpn_secret_set(&secret, zero, 32), 0);
	ck_assert_int_eq(jvpn_keyfile_store(other, &secret, error, sizeof(error)), JVPN_EINVAL);
	ck_assert_int_ne(access(other, F_OK), 0);
}
END_TEST

START_TEST(keyfile_load__link_fifo_directory_or_nothing__refused)
{
	ck_assert_int_eq(load(), JVPN_ENOTFOUND);
	ck_assert_int_eq(jvpn_keyfile_store(other, &secret, error, sizeof(error)), 0);
	ck_assert_int_eq(symlink(other, path), 0);
	ck_assert_int_eq(load(), JVPN_EPERM);
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(load(), JVPN_EMALFORMED);
	ck_assert_ptr_nonnull(strstr(error, "regular file"));
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(load(), JVPN_EMALFORMED);
	rmdir(path);
}
END_TEST

START_TEST(keyfile_store__no_directory__error_names_it)
{
	snprintf(path, sizeof(path), "%s/none/a.key", dir);
	ck_assert_int_eq(jvpn_keyfile_store(path, &secret, error, sizeof(error)), JVPN_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(error, path));
	ck_assert_int_eq(jvpn_keyfile_load_or_create(path, 32, &loaded, error, sizeof(error)),
			 JVPN_ENOTFOUND);
	ck_assert(!jvpn_secret_is_set(&loaded));
}
END_TEST

START_TEST(keyfile_load_or_create__twice__same_key)
{
	ck_assert_int_eq(jvpn_keyfile_load_or_create(path, 88, &secret, error, sizeof(error)), 0);
	ck_assert_uint_eq(secret.len, 88);
	ck_assert_int_eq(jvpn_keyfile_load_or_create(path, 88, &loaded, error, sizeof(error)), 0);
	ck_assert(jvpn_secret_equal(&secret, &loaded));
	ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(keyfile_load_or_create__damaged_file__refused_not_replaced)
{
	uint8_t after[8];
	int fd;

	write_file("damaged", 7, 0600);
	ck_assert_int_eq(jvpn_keyfile_load_or_create(path, 32, &loaded, error, sizeof(error)),
			 JVPN_EMALFORMED);
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(read(fd, after, sizeof(after)), 7);
	close(fd);
	ck_assert_mem_eq(after, "damaged", 7);
	write_file("", 0, 0600);
	ck_assert_int_eq(jvpn_keyfile_load_or_create(path, 32, &loaded, error, sizeof(error)),
			 JVPN_EMALFORMED);
}
END_TEST

START_TEST(keyring_load__fresh_directory__all_keys_differ_and_stay)
{
	struct jvpn_keyring a, b;

	ck_assert_int_eq(jvpn_keyring_load(dir, &a, error, sizeof(error)), 0);
	ck_assert_uint_eq(entries(), 6);
	ck_assert(!jvpn_secret_equal(&a.reset, &a.token));
	ck_assert(!jvpn_secret_equal(&a.seal, &a.challenge));
	ck_assert_uint_eq(a.ticket.len, JVPN_SECRET_TICKET_BYTES);
	ck_assert_int_eq(jvpn_keyring_load(dir, &b, error, sizeof(error)), 0);
	ck_assert_mem_eq(&a, &b, sizeof(a));
	jvpn_keyring_clear(&a);
	ck_assert(!jvpn_secret_is_set(&a.reset));
}
END_TEST

START_TEST(keyring_load__one_bad_file_or_directory__all_cleared)
{
	struct jvpn_keyring ring;

	ck_assert_int_eq(jvpn_keyring_load(dir, &ring, error, sizeof(error)), 0);
	snprintf(path, sizeof(path), "%s/seal.key", dir);
	write_file("short", 5, 0600);
	ck_assert_int_eq(jvpn_keyring_load(dir, &ring, error, sizeof(error)), JVPN_EMALFORMED);
	ck_assert_ptr_nonnull(strstr(error, "seal.key"));
	ck_assert(!jvpn_secret_is_set(&ring.reset));
	ck_assert_int_eq(chmod(dir, 0770), 0);
	ck_assert_int_eq(jvpn_keyring_load(dir, &ring, error, sizeof(error)), JVPN_EPERM);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	ck_assert_int_eq(jvpn_keyring_load(path, &ring, error, sizeof(error)), JVPN_EMALFORMED);
	ck_assert_int_eq(jvpn_keyring_load("/nonexistent/jvpn", &ring, NULL, 0), JVPN_ENOTFOUND);
}
END_TEST

UNIT_TESTS(keyfile)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, keyfile_store__then_load__same_secret_0600_no_leftovers);
	tcase_add_test(tc, keyfile_load__open_to_others__refused_with_advice);
	tcase_add_test(tc, keyfile_load__other_length__refused);
	tcase_add_test(tc, keyfile_load__all_zero__refused);
	tcase_add_test(tc, keyfile_load__link_fifo_directory_or_nothing__refused);
	tcase_add_test(tc, keyfile_store__no_directory__error_names_it);
	tcase_add_test(tc, keyfile_load_or_create__twice__same_key);
	tcase_add_test(tc, keyfile_load_or_create__damaged_file__refused_not_replaced);
	tcase_add_test(tc, keyring_load__fresh_directory__all_keys_differ_and_stay);
	tcase_add_test(tc, keyring_load__one_bad_file_or_directory__all_cleared);
}
