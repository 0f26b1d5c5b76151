/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TLS contexts: what is fixed, and the files. Reads files itself, so that a bad one is named with
 * what to do about it, and so that the mode of the key is checked on the file that is used.
 */
#include "quic/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ngtcp2/ngtcp2_crypto_wolfssl.h>

#include "base/date.h"
#include "base/err.h"
#include "base/log.h"
#include "crypto/cpu.h"
#include "crypto/wipe.h"
#include "quic/tls_state.h"

#define PEM_FILE_MAX (1024 * 1024)
#define GROUPS       "X25519MLKEM768:X25519:P-256"
#define ALPN_H3      "h3"
#define CTX_DATA     0 /* index of our pointer in the WOLFSSL_CTX */

/* A file in memory; secret ones are wiped. */
struct pem {
	unsigned char *data;
	long len;
};

static void pem_clear(struct pem *pem)
{
	if (pem->data != NULL)
		jvpn_wipe(pem->data, (size_t)pem->len);
	free(pem->data);
	*pem = (struct pem){0};
}

static int check_file(int fd, const char *path, bool secret, char *error, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		snprintf(error, size, "%s is not a regular file", path);
		return JVPN_ECONFIG;
	}
	if (secret && (st.st_mode & 077) != 0) {
		snprintf(error, size,
			 "%s is a private key and others may read or write it (mode %03o): "
			 "chmod 600 %s",
			 path, (unsigned)(st.st_mode & 0777), path);
		return JVPN_EPERM;
	}
	if (st.st_size <= 0 || st.st_size > PEM_FILE_MAX) {
		snprintf(error, size, "%s is %s", path, st.st_size <= 0 ? "empty" : "too large");
		return JVPN_ECONFIG;
	}
	return 0;
}

static int read_all(int fd, struct pem *pem)
{
	pem->data = malloc(PEM_FILE_MAX);
	if (pem->data == NULL)
		return JVPN_ENOMEM;
	while (pem->len < PEM_FILE_MAX) {
		ssize_t n = read(fd, pem->data + pem->len, (size_t)(PEM_FILE_MAX - pem->len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 && pem->len > 0 ? 0 : JVPN_ECONFIG;
		pem->len += n;
	}
	return JVPN_ECONFIG;
}

/* O_NONBLOCK: a FIFO must not stop the start. */
static int pem_load(const char *path, bool secret, struct pem *pem, char *error, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int err;

	if (fd < 0) {
		bool denied = errno == EACCES || errno == EPERM;

		snprintf(error, size, "cannot read %s: %s%s", path, strerror(errno),
			 secret && denied ? " (it must belong to this user, mode 600)" : "");
		return denied ? JVPN_EPERM : JVPN_ECONFIG;
	}
	err = check_file(fd, path, secret, error, size);
	if (err == 0) {
		err = read_all(fd, pem);
		if (err != 0)
			snprintf(error, size, "cannot read %s", path);
	}
	close(fd);
	return err;
}

/* The dates of the first certificate against the wall clock. */
static int check_dates(const struct pem *pem, const char *path, uint64_t wall_s, char *error,
		       size_t size)
{
	struct jvpn_certificate *certificate = NULL;
	char limit[JVPN_DATE_SIZE], now[JVPN_DATE_SIZE];
	uint64_t from, to;
	int err = JVPN_ERANGE;

	if (jvpn_certificate_open_pem((const char *)pem->data, (size_t)pem->len, &certificate) !=
	    0) {
		snprintf(error, size, "%s has no certificate in PEM form", path);
		return JVPN_ECONFIG;
	}
	from = jvpn_certificate_not_before(certificate);
	to = jvpn_certificate_not_after(certificate);
	jvpn_date_format(wall_s, now);
	jvpn_date_format(wall_s < from ? from : to, limit);
	if (wall_s < from)
		snprintf(error, size,
			 "the certificate in %s is not valid before %s, but the clock of this "
			 "machine says %s: set the clock",
			 path, limit, now);
	else if (wall_s > to)
		snprintf(error, size,
			 "the certificate in %s expired at %s, and the clock of this machine says "
			 "%s: renew it, or set the clock",
			 path, limit, now);
	else
		err = 0;
	jvpn_certificate_free(certificate);
	return err;
}

static int load_key(struct jvpn_tls *tls, const struct jvpn_tls_config *config, char *error,
		    size_t size)
{
	struct pem key = {0};
	int err = pem_load(config->key_file, true, &key, error, size);

	if (err != 0)
		goto out;
	if (wolfSSL_CTX_use_PrivateKey_buffer(tls->ctx, key.data, key.len, WOLFSSL_FILETYPE_PEM) !=
	    WOLFSSL_SUCCESS) {
		snprintf(error, size, "%s has no private key in PEM form without a password",
			 config->key_file);
		err = JVPN_ECONFIG;
	} else if (wolfSSL_CTX_check_private_key(tls->ctx) != WOLFSSL_SUCCESS) {
		snprintf(error, size, "the key in %s does not belong to the certificate in %s",
			 config->key_file, config->certificate_file);
		err = JVPN_ECONFIG;
	}
out:
	pem_clear(&key);
	return err;
}

static int load_server_files(struct jvpn_tls *tls, const struct jvpn_tls_config *config,
			     char *error, size_t size)
{
	struct pem chain = {0};
	int err;

	if (config->certificate_file == NULL || config->key_file == NULL)
		return JVPN_EINVAL;
	err = pem_load(config->certificate_file, false, &chain, error, size);
	if (err == 0)
		err = check_dates(&chain, config->certificate_file, config->wall_s, error, size);
	if (err == 0 && wolfSSL_CTX_use_certificate_chain_buffer(tls->ctx, chain.data, chain.len) !=
				WOLFSSL_SUCCESS) {
		snprintf(error, size, "%s is no certificate chain in PEM form (the server's first)",
			 config->certificate_file);
		err = JVPN_ECONFIG;
	}
	pem_clear(&chain);
	return err != 0 ? err : load_key(tls, config, error, size);
}

static int load_ca(struct jvpn_tls *tls, const struct jvpn_tls_config *config, char *error,
		   size_t size)
{
	const char *where = config->ca_file != NULL ? config->ca_file : "the configured CA";
	struct pem pem = {0};
	int err = 0;

	if ((config->ca_file == NULL) == (config->ca_pem == NULL))
		return JVPN_EINVAL;
	if (config->ca_file != NULL) {
		err = pem_load(config->ca_file, false, &pem, error, size);
	} else {
		pem.data = (unsigned char *)strdup(config->ca_pem);
		pem.len = (long)strlen(config->ca_pem);
		err = pem.data == NULL ? JVPN_ENOMEM : 0;
	}
	if (err == 0)
		err = check_dates(&pem, where, config->wall_s, error, size);
	if (err == 0 && wolfSSL_CTX_load_verify_buffer(tls->ctx, pem.data, pem.len,
						       WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS) {
		snprintf(error, size, "%s has no usable CA certificate in PEM form", where);
		err = JVPN_ECONFIG;
	}
	if (err == 0)
		err = jvpn_sha256(pem.data, (size_t)pem.len, tls->ca_digest);
	pem_clear(&pem);
	return err;
}

#ifdef JVPN_DEBUG
/* wolfSSL gives a whole NSS line without its newline; one write keeps lines of processes apart. */
static void on_keylog(const WOLFSSL *ssl, const char *line)
{
	struct jvpn_tls *tls = wolfSSL_CTX_get_ex_data(wolfSSL_get_SSL_CTX(ssl), CTX_DATA);
	char text[512];
	int len = snprintf(text, sizeof(text), "%s\n", line);

	if (tls != NULL && len > 0 && (size_t)len < sizeof(text) &&
	    write(tls->keylog_fd, text, (size_t)len) != len)
		jvpn_log_warn(JVPN_LOG_QUIC, "key log: a line could not be written");
	jvpn_wipe(text, sizeof(text));
}
#endif

static int open_keylog(struct jvpn_tls *tls, const char *path, char *error, size_t size)
{
	if (path == NULL)
		return 0;
#ifdef JVPN_DEBUG
	tls->keylog_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (tls->keylog_fd < 0) {
		snprintf(error, size, "cannot write the key log %s: %s", path, strerror(errno));
		return JVPN_ECONFIG;
	}
	wolfSSL_CTX_set_keylog_callback(tls->ctx, on_keylog);
	return 0;
#else
	(void)tls;
	snprintf(error, size, "key log %s: this is not a debug build (configure --enable-debug)",
		 path);
	return JVPN_EUNSUPPORTED;
#endif
}

/* Only so that wolfSSL keeps the client's SNI for us. */
static int on_sni(WOLFSSL *ssl, int *alert, void *arg)
{
	(void)ssl;
	(void)alert;
	(void)arg;
	return 0;
}

static int setup_common(struct jvpn_tls *tls, const char *ciphers)
{
	WOLFSSL_CTX *ctx = tls->ctx;

	if (wolfSSL_CTX_set_cipher_list(ctx, ciphers) != WOLFSSL_SUCCESS ||
	    wolfSSL_CTX_set1_groups_list(ctx, GROUPS) != WOLFSSL_SUCCESS ||
	    wolfSSL_CTX_set_ex_data(ctx, CTX_DATA, tls) != WOLFSSL_SUCCESS)
		return JVPN_ETLS;
	wolfSSL_CTX_set_session_cache_mode(ctx, WOLFSSL_SESS_CACHE_OFF);
	/* Resumption only with a fresh key agreement (psk_dhe_ke). */
	if (wolfSSL_CTX_only_dhe_psk(ctx) != 0)
		return JVPN_ETLS;
	if (!tls->server) {
		jvpn_tls_resume_setup(tls);
		return ngtcp2_crypto_wolfssl_configure_client_context(ctx) == 0 ? 0 : JVPN_ETLS;
	}
	wolfSSL_CTX_set_options(ctx, WOLFSSL_OP_CIPHER_SERVER_PREFERENCE);
	wolfSSL_CTX_set_max_early_data(ctx, 0);
	wolfSSL_CTX_set_verify(ctx, WOLFSSL_VERIFY_NONE, NULL); /* no client certificates yet */
	wolfSSL_CTX_set_servername_callback(ctx, on_sni);
	return ngtcp2_crypto_wolfssl_configure_server_context(ctx) == 0 ? 0 : JVPN_ETLS;
}

static int setup(struct jvpn_tls *tls, const struct jvpn_tls_config *config, char *error,
		 size_t size)
{
	const char *alpn = config->alpn != NULL ? config->alpn : ALPN_H3;
	int err;

	if (strlen(alpn) == 0 || strlen(alpn) >= sizeof(tls->alpn))
		return JVPN_EINVAL;
	memcpy(tls->alpn, alpn, strlen(alpn) + 1);
	tls->ctx = wolfSSL_CTX_new(tls->server ? wolfTLSv1_3_server_method()
					       : wolfTLSv1_3_client_method());
	if (tls->ctx == NULL)
		return JVPN_ENOMEM;
	err = setup_common(tls,
			   jvpn_cipher_list(config->cipher, !config->no_aes && jvpn_cpu_has_aes()));
	if (err != 0) {
		snprintf(error, size, "wolfSSL does not take our cipher suites or groups");
		return err;
	}
	err = open_keylog(tls, config->keylog_file, error, size);
	if (err != 0)
		return err;
	return tls->server ? load_server_files(tls, config, error, size)
			   : load_ca(tls, config, error, size);
}

int jvpn_tls_new(const struct jvpn_tls_config *config, struct jvpn_tls **out, char *error,
		 size_t error_size)
{
	struct jvpn_tls *tls;
	int err;

	snprintf(error, error_size, "%s", "");
	if (wolfSSL_Init() != WOLFSSL_SUCCESS)
		return JVPN_ETLS;
	tls = calloc(1, sizeof(*tls));
	if (tls == NULL) {
		wolfSSL_Cleanup();
		return JVPN_ENOMEM;
	}
	tls->server = config->server;
	tls->wall_s = config->wall_s;
	tls->keylog_fd = -1;
	err = setup(tls, config, error, error_size);
	if (err != 0) {
		if (error_size > 0 && error[0] == '\0')
			snprintf(error, error_size, "TLS: %s", jvpn_err_text(err));
		jvpn_tls_free(tls);
		return err;
	}
	*out = tls;
	return 0;
}

void jvpn_tls_free(struct jvpn_tls *tls)
{
	if (tls == NULL)
		return;
	if (tls->ctx != NULL)
		wolfSSL_CTX_free(tls->ctx);
	if (tls->keylog_fd >= 0)
		close(tls->keylog_fd);
	jvpn_wipe(tls, sizeof(*tls)); /* the ticket key, sessions */
	free(tls);
	wolfSSL_Cleanup(); /* counts its calls of wolfSSL_Init */
}

bool jvpn_tls_failure_is_certificate(enum jvpn_tls_failure failure)
{
	return failure >= JVPN_TLS_UNKNOWN_CA && failure <= JVPN_TLS_BAD_CERTIFICATE;
}

const char *jvpn_tls_failure_name(enum jvpn_tls_failure failure)
{
	static const char *const names[JVPN_TLS_FAILURE_COUNT] = {
		[JVPN_TLS_OK] = "ok",
		[JVPN_TLS_UNKNOWN_CA] = "unknown_ca",
		[JVPN_TLS_SELF_SIGNED] = "self_signed",
		[JVPN_TLS_WRONG_NAME] = "wrong_name",
		[JVPN_TLS_EXPIRED] = "expired",
		[JVPN_TLS_NOT_YET_VALID] = "not_yet_valid",
		[JVPN_TLS_BAD_CERTIFICATE] = "bad_certificate",
		[JVPN_TLS_ALPN] = "alpn",
		[JVPN_TLS_VERSION] = "version",
		[JVPN_TLS_PARAMETERS] = "parameters",
		[JVPN_TLS_PEER_ALERT] = "peer_alert",
		[JVPN_TLS_OTHER] = "other",
	};

	if ((unsigned)failure >= JVPN_TLS_FAILURE_COUNT)
		return "unknown";
	return names[failure];
}
