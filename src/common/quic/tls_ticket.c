/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Encryption of session tickets (RFC 8446 section 4.6.1) under a key made of a secret that outlives
 * the process.
 *
 * Not wolfSSL_CTX_set_tlsext_ticket_keys(): in 5.9.2 keys that are set from outside leave the key
 * context without its random generator, so that the first rotation fails, and with it the
 * handshakes; it never finds its tickets again when the last bit of the key's name is set; and a
 * file of random octets gives the keys a random end of life. Here nothing has to rotate: the secret
 * is as long-lived as the server's private key beside it, and wolfSSL itself refuses tickets that
 * are too old.
 */
#include "quic/tls_state.h"

#include <string.h>

#include <wolfssl/wolfcrypt/aes.h>

#include "base/err.h"
#include "crypto/ct.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "crypto/wipe.h"

#define INFO        "jvpn tls ticket v1"
#define NONCE_BYTES 12
#define TAG_BYTES   16
/* Fields of a ticket as wolfSSL lays it out: the parts we do not need stay zero. */
#define IV_BYTES  16
#define MAC_BYTES 32

/* In place. */
static int seal_or_open(const struct jvpn_tls *tls, const uint8_t *iv, uint8_t *tag, bool seal,
			uint8_t *data, word32 len)
{
	const uint8_t *name = tls->ticket_name;
	Aes *aes = wc_AesNew(NULL, INVALID_DEVID, NULL);
	int rv;

	if (aes == NULL)
		return JVPN_ENOMEM;
	rv = wc_AesGcmSetKey(aes, tls->ticket_key, sizeof(tls->ticket_key));
	if (rv == 0 && seal)
		rv = wc_AesGcmEncrypt(aes, data, data, len, iv, NONCE_BYTES, tag, TAG_BYTES, name,
				      JVPN_TLS_TICKET_NAME_BYTES);
	else if (rv == 0)
		rv = wc_AesGcmDecrypt(aes, data, data, len, iv, NONCE_BYTES, tag, TAG_BYTES, name,
				      JVPN_TLS_TICKET_NAME_BYTES);
	wc_AesDelete(aes, NULL);
	return rv == 0 ? 0 : JVPN_ECRYPTO;
}

/* A ticket that cannot be read costs the client a full handshake, never the connection. */
static int on_ticket(WOLFSSL *ssl, unsigned char name[WOLFSSL_TICKET_NAME_SZ],
		     unsigned char iv[WOLFSSL_TICKET_IV_SZ],
		     unsigned char mac[WOLFSSL_TICKET_MAC_SZ], int encrypt, unsigned char *ticket,
		     int in_len, int *out_len, void *user)
{
	const struct jvpn_tls *tls = user;

	(void)ssl;
	if (in_len <= 0)
		return WOLFSSL_TICKET_RET_REJECT;
	*out_len = in_len;
	if (encrypt) {
		memcpy(name, tls->ticket_name, WOLFSSL_TICKET_NAME_SZ);
		memset(mac, 0, WOLFSSL_TICKET_MAC_SZ);
		memset(iv, 0, WOLFSSL_TICKET_IV_SZ);
		if (jvpn_random(iv, NONCE_BYTES) != 0)
			return WOLFSSL_TICKET_RET_REJECT;
	} else if (memcmp(name, tls->ticket_name, WOLFSSL_TICKET_NAME_SZ) != 0) {
		return WOLFSSL_TICKET_RET_REJECT;
	}
	return seal_or_open(tls, iv, mac, encrypt != 0, ticket, (word32)in_len) == 0
		       ? WOLFSSL_TICKET_RET_OK
		       : WOLFSSL_TICKET_RET_REJECT;
}

int jvpn_tls_set_ticket_keys(struct jvpn_tls *tls, const uint8_t keys[JVPN_TLS_TICKET_KEYS_BYTES])
{
	struct jvpn_secret secret, derived = {0};
	int err;

	_Static_assert(WOLFSSL_TICKET_NAME_SZ == JVPN_TLS_TICKET_NAME_BYTES,
		       "name of a ticket key");
	_Static_assert(WOLFSSL_TICKET_IV_SZ == IV_BYTES, "IV of a ticket");
	_Static_assert(WOLFSSL_TICKET_MAC_SZ == MAC_BYTES, "MAC of a ticket");
	if (!tls->server || jvpn_ct_is_zero(keys, JVPN_TLS_TICKET_KEYS_BYTES))
		return JVPN_EINVAL;
	err = jvpn_secret_set(&secret, keys, JVPN_TLS_TICKET_KEYS_BYTES);
	if (err == 0)
		err = jvpn_hkdf_sha256(&secret, INFO, strlen(INFO), &derived,
				       sizeof(tls->ticket_name) + sizeof(tls->ticket_key));
	if (err == 0) {
		memcpy(tls->ticket_name, derived.b, sizeof(tls->ticket_name));
		memcpy(tls->ticket_key, derived.b + sizeof(tls->ticket_name),
		       sizeof(tls->ticket_key));
		if (wolfSSL_CTX_set_TicketEncCb(tls->ctx, on_ticket) != WOLFSSL_SUCCESS ||
		    wolfSSL_CTX_set_TicketEncCtx(tls->ctx, tls) != WOLFSSL_SUCCESS ||
		    /* Else 5 minutes: less than many a sleep, or the wait for a network. Not with
		     * wolfSSL's own keys: it does not make tickets that outlive those. */
		    wolfSSL_CTX_set_TicketHint(tls->ctx, (int)JVPN_TLS_RESUME_MAX_S) !=
			    WOLFSSL_SUCCESS)
			err = JVPN_ETLS;
	}
	jvpn_secret_clear(&secret);
	jvpn_secret_clear(&derived);
	return err;
}
