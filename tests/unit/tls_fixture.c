/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Certificates made on the spot.
 */
#include "tls_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

struct jvpn_certgen tls_ca, tls_leaf;
char tls_cert_path[96], tls_key_path[96], tls_ca_path[96], tls_keylog_path[96], tls_error[256];
uint64_t tls_now;
char tls_dir[64];

void tls_write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

void tls_make_ca(struct jvpn_certgen *out, const struct jvpn_certgen *issuer)
{
	struct jvpn_certgen_request request = {
		.common_name = issuer != NULL ? "middle CA" : "test CA",
		.ca = true,
		.path_len = issuer != NULL ? 0 : 1,
		.not_before_s = tls_now - TLS_DAY,
		.not_after_s = tls_now + 100 * TLS_DAY,
		.issuer = issuer,
	};

	ck_assert_int_eq(jvpn_certgen_issue(&request, out), 0);
}

void tls_make_leaf(const struct jvpn_certgen *issuer, const char *name, int from, int to)
{
	const char *names[] = {name};
	struct jvpn_certgen_request request = {
		.common_name = "a server",
		.names = names,
		.name_count = name != NULL ? 1 : 0,
		.not_before_s = (uint64_t)((int64_t)tls_now + from * (int64_t)TLS_DAY),
		.not_after_s = (uint64_t)((int64_t)tls_now + to * (int64_t)TLS_DAY),
		.issuer = issuer,
	};

	ck_assert_int_eq(jvpn_certgen_issue(&request, &tls_leaf), 0);
	tls_write_file(tls_cert_path, tls_leaf.certificate, 0644);
	tls_write_file(tls_key_path, tls_leaf.key, 0600);
}

void tls_setup(void)
{
	tls_now = (uint64_t)time(NULL);
	snprintf(tls_dir, sizeof(tls_dir), "/tmp/jvpn-test-tls-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tls_dir));
	snprintf(tls_cert_path, sizeof(tls_cert_path), "%s/server.pem", tls_dir);
	snprintf(tls_key_path, sizeof(tls_key_path), "%s/server.key", tls_dir);
	snprintf(tls_ca_path, sizeof(tls_ca_path), "%s/ca.pem", tls_dir);
	snprintf(tls_keylog_path, sizeof(tls_keylog_path), "%s/keys.log", tls_dir);
	tls_make_ca(&tls_ca, NULL);
	tls_write_file(tls_ca_path, tls_ca.certificate, 0644);
	tls_make_leaf(&tls_ca, TLS_NAME, -1, 30);
}

void tls_teardown(void)
{
	unlink(tls_cert_path);
	unlink(tls_key_path);
	unlink(tls_ca_path);
	unlink(tls_keylog_path);
	rmdir(tls_dir);
}

struct jvpn_tls *tls_server_new(const char *alpn, uint64_t wall)
{
	struct jvpn_tls_config config = {.server = true,
					 .certificate_file = tls_cert_path,
					 .key_file = tls_key_path,
					 .alpn = alpn,
					 .wall_s = wall};
	struct jvpn_tls *tls = NULL;

	ck_assert_msg(jvpn_tls_new(&config, &tls, tls_error, sizeof(tls_error)) == 0, "%s",
		      tls_error);
	return tls;
}

struct jvpn_tls *tls_client_new(const char *alpn)
{
	struct jvpn_tls_config config = {.ca_file = tls_ca_path, .alpn = alpn, .wall_s = tls_now};
	struct jvpn_tls *tls = NULL;

	ck_assert_msg(jvpn_tls_new(&config, &tls, tls_error, sizeof(tls_error)) == 0, "%s",
		      tls_error);
	return tls;
}
