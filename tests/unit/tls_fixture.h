/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A CA, a server's certificate and TLS contexts of both ends, as files of one test. For tests only.
 */
#ifndef JVPN_TESTS_TLS_FIXTURE_H
#define JVPN_TESTS_TLS_FIXTURE_H

#include <stdint.h>
#include <sys/stat.h>

#include "crypto/certgen.h"
#include "quic/tls.h"

#define TLS_NAME "vpn.example"
#define TLS_DAY  86400ULL

extern struct jvpn_certgen tls_ca, tls_leaf;
extern char tls_cert_path[96], tls_key_path[96], tls_ca_path[96], tls_keylog_path[96];
extern char tls_dir[64];
extern char tls_error[256];
extern uint64_t tls_now; /* the real clock's seconds, because wolfSSL reads it */

/* A checked fixture. */
void tls_setup(void);
void tls_teardown(void);
void tls_write_file(const char *path, const char *text, mode_t mode);
/* issuer NULL: a root. */
void tls_make_ca(struct jvpn_certgen *out, const struct jvpn_certgen *issuer);
/* A server certificate for 'name', valid from..to days around now; installs it as files. */
void tls_make_leaf(const struct jvpn_certgen *issuer, const char *name, int from, int to);
/* wall: seconds the server believes in (its own check of its certificate). */
struct jvpn_tls *tls_server_new(const char *alpn, uint64_t wall);
struct jvpn_tls *tls_client_new(const char *alpn);

#endif
