/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Orders of cipher suites. Nothing here is secret, and everything in a ClientHello is the client's word.
 */
#include "quic/cipher.h"

#define AES_128  "TLS_AES_128_GCM_SHA256"
#define AES_256  "TLS_AES_256_GCM_SHA384"
#define CHACHA20 "TLS_CHACHA20_POLY1305_SHA256"

/* RFC 8446 appendix B.4 */
#define SUITE_AES_128  0x1301
#define SUITE_AES_256  0x1302
#define SUITE_CHACHA20 0x1303

#define CLIENT_HELLO 1
/* type, length, legacy_version, random; then the length of legacy_session_id */
#define SESSION_ID_AT (1 + 3 + 2 + 32)

const char *jvpn_cipher_list(enum jvpn_cipher cipher, bool has_aes)
{
	switch (cipher) {
	case JVPN_CIPHER_AES_128_GCM:
		return AES_128;
	case JVPN_CIPHER_AES_256_GCM:
		return AES_256;
	case JVPN_CIPHER_CHACHA20_POLY1305:
		return CHACHA20;
	case JVPN_CIPHER_AUTO:
	case JVPN_CIPHER_COUNT:
		break;
	}
	return has_aes ? AES_128 ":" AES_256 ":" CHACHA20 : CHACHA20 ":" AES_128 ":" AES_256;
}

bool jvpn_cipher_prefers_chacha20(const uint8_t *hello, size_t len)
{
	size_t at = SESSION_ID_AT, end;

	if (len <= at || hello[0] != CLIENT_HELLO)
		return false;
	at += 1 + (size_t)hello[at];
	if (len < at + 2)
		return false;
	end = at + 2 + ((size_t)hello[at] << 8 | hello[at + 1]);
	/* What is not here yet cannot come before what is. */
	if (end > len)
		end = len;
	for (at += 2; at + 2 <= end; at += 2) {
		unsigned suite = (unsigned)hello[at] << 8 | hello[at + 1];

		if (suite == SUITE_AES_128 || suite == SUITE_AES_256)
			return false;
		if (suite == SUITE_CHACHA20)
			return true;
	}
	return false;
}
