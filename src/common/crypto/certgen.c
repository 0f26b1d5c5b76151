/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Certificates by wolfCrypt's certgen. Dates and subjectAltName are encoded here: wolfCrypt would
 * take the dates from its own clock, and has no call that encodes names.
 */
#include "crypto/certgen.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/random.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "crypto/certificate.h"
#include "crypto/random.h"
#include "crypto/wipe.h"

#define DER_MAX       3072
#define NAMES_DER_MAX 2048
#define SERIAL_BYTES  16
#define P256_BYTES    32

/* Everything one issue needs; on the heap, wiped and freed at its end. */
struct work {
	WC_RNG rng;
	ecc_key key, issuer_key;
	bool has_rng, has_key, has_issuer_key;
	Cert cert;
	uint8_t names[NAMES_DER_MAX];
	uint8_t der[DER_MAX];
	uint8_t issuer_der[DER_MAX];
	uint8_t key_der[DER_MAX];
};

static struct work *work_new(void)
{
	struct work *work = calloc(1, sizeof(*work));

	if (work == NULL)
		return NULL;
	work->has_rng = wc_InitRng(&work->rng) == 0;
	work->has_key = wc_ecc_init(&work->key) == 0;
	work->has_issuer_key = wc_ecc_init(&work->issuer_key) == 0;
	return work;
}

static void work_free(struct work *work)
{
	if (work->has_rng)
		wc_FreeRng(&work->rng);
	if (work->has_key)
		wc_ecc_free(&work->key);
	if (work->has_issuer_key)
		wc_ecc_free(&work->issuer_key);
	jvpn_wipe(work, sizeof(*work));
	free(work);
}

/* UTCTime until 2049, GeneralizedTime afterwards (RFC 5280 section 4.1.2.5). */
static int encode_date(uint64_t seconds, byte out[CTC_DATE_SIZE], int *out_len)
{
	struct jvpn_date d;
	char text[48];
	int len;
	bool utc;

	jvpn_date_from_seconds(seconds, &d);
	utc = d.year < 2050;
	len = snprintf(text, sizeof(text), "%04u%02u%02u%02u%02u%02uZ", (unsigned)d.year, d.month,
		       d.day, d.hour, d.minute, d.second);
	if (len != 15)
		return JVPN_EINVAL;
	out[0] = utc ? ASN_UTC_TIME : ASN_GENERALIZED_TIME;
	out[1] = utc ? 13 : 15;
	memcpy(out + 2, text + (utc ? 2 : 0), utc ? 13 : 15);
	*out_len = 2 + out[1];
	return 0;
}

/* DER: the shortest form of a length. */
static void write_length(struct jvpn_writer *w, size_t len)
{
	if (len >= 0x100) {
		jvpn_writer_u8(w, 0x82);
		jvpn_writer_u8(w, (uint8_t)(len >> 8));
	} else if (len >= 0x80) {
		jvpn_writer_u8(w, 0x81);
	}
	jvpn_writer_u8(w, (uint8_t)len);
}

/* One GeneralName (RFC 5280 section 4.2.1.6): dNSName [2] or iPAddress [7]. */
static int write_name(struct jvpn_writer *w, const char *name)
{
	uint8_t address[16];
	size_t len = strlen(name);
	bool wildcard = len > 2 && name[0] == '*' && name[1] == '.';

	if (!jvpn_certificate_name_is_valid(wildcard ? name + 2 : name))
		return JVPN_EINVAL;
	if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1) {
		len = strchr(name, ':') == NULL ? 4 : 16;
		jvpn_writer_u8(w, ASN_CONTEXT_SPECIFIC | ASN_IP_TYPE);
		write_length(w, len);
		jvpn_writer_bytes(w, address, len);
		return w->err;
	}
	jvpn_writer_u8(w, ASN_CONTEXT_SPECIFIC | ASN_DNS_TYPE);
	write_length(w, len);
	jvpn_writer_bytes(w, name, len);
	return w->err;
}

/* SEQUENCE OF GeneralName into the certificate's subjectAltName. */
static int set_names(struct work *work, const struct jvpn_certgen_request *request)
{
	struct jvpn_writer names, out;

	if (request->name_count > JVPN_CERTGEN_NAMES_MAX)
		return JVPN_EINVAL;
	if (request->name_count == 0)
		return 0;
	jvpn_writer_init(&names, work->names, sizeof(work->names));
	for (size_t i = 0; i < request->name_count; i++)
		if (write_name(&names, request->names[i]) != 0)
			return JVPN_EINVAL;
	jvpn_writer_init(&out, work->cert.altNames, sizeof(work->cert.altNames));
	jvpn_writer_u8(&out, ASN_SEQUENCE | ASN_CONSTRUCTED);
	write_length(&out, jvpn_writer_len(&names));
	jvpn_writer_bytes(&out, work->names, jvpn_writer_len(&names));
	work->cert.altNamesSz = (int)jvpn_writer_len(&out);
	return out.err;
}

static bool is_common_name(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return len >= 1 && len < CTC_NAME_SIZE;
}

static int set_usage(struct work *work, const struct jvpn_certgen_request *request)
{
	Cert *cert = &work->cert;

	cert->basicConstSet = 1;
	cert->basicConstCrit = 1;
	cert->isCA = request->ca;
	if (request->ca) {
		cert->pathLen = request->path_len;
		cert->pathLenSet = 1;
		return wc_SetKeyUsage(cert, "keyCertSign,cRLSign") == 0 ? 0 : JVPN_ECRYPTO;
	}
	return wc_SetKeyUsage(cert, "digitalSignature") == 0 &&
			       wc_SetExtKeyUsage(cert, "serverAuth") == 0
		       ? 0
		       : JVPN_ECRYPTO;
}

static int fill(struct work *work, const struct jvpn_certgen_request *request)
{
	Cert *cert = &work->cert;

	if (!is_common_name(request->common_name) || request->not_before_s > request->not_after_s)
		return JVPN_EINVAL;
	if (wc_InitCert(cert) != 0 || jvpn_random(cert->serial, SERIAL_BYTES) != 0)
		return JVPN_ECRYPTO;
	cert->serial[0] = (byte)((cert->serial[0] & 0x7f) | 0x40); /* positive, 16 octets */
	cert->serialSz = SERIAL_BYTES;
	cert->sigType = CTC_SHA256wECDSA;
	cert->selfSigned = request->issuer == NULL;
	memcpy(cert->subject.commonName, request->common_name, strlen(request->common_name));
	cert->subject.commonNameEnc = CTC_UTF8;
	if (encode_date(request->not_before_s, cert->beforeDate, &cert->beforeDateSz) != 0 ||
	    encode_date(request->not_after_s, cert->afterDate, &cert->afterDateSz) != 0)
		return JVPN_EINVAL;
	if (wc_SetSubjectKeyIdFromPublicKey_ex(cert, ECC_TYPE, &work->key) != 0)
		return JVPN_ECRYPTO;
	if (set_usage(work, request) != 0)
		return JVPN_ECRYPTO;
	return set_names(work, request);
}

/* The issuer's name and key from its PEM; the certificate's own ones without an issuer. */
static int load_issuer(struct work *work, const struct jvpn_certgen *issuer)
{
	word32 at = 0;
	int len;

	if (issuer == NULL)
		return wc_SetAuthKeyIdFromPublicKey_ex(&work->cert, ECC_TYPE, &work->key) == 0
			       ? 0
			       : JVPN_ECRYPTO;
	len = wc_CertPemToDer((const unsigned char *)issuer->certificate,
			      (int)strlen(issuer->certificate), work->issuer_der,
			      sizeof(work->issuer_der), CERT_TYPE);
	if (len <= 0 || wc_SetIssuerBuffer(&work->cert, work->issuer_der, len) != 0 ||
	    wc_SetAuthKeyIdFromCert(&work->cert, work->issuer_der, len) != 0)
		return JVPN_ECRYPTO;
	len = wc_KeyPemToDer((const unsigned char *)issuer->key, (int)strlen(issuer->key),
			     work->key_der, sizeof(work->key_der), NULL);
	if (len <= 0 ||
	    wc_EccPrivateKeyDecode(work->key_der, &at, &work->issuer_key, (word32)len) != 0)
		return JVPN_ECRYPTO;
	return 0;
}

static int to_pem(const uint8_t *der, int der_len, int type, char out[JVPN_CERTGEN_PEM_MAX])
{
	int len;

	if (der_len <= 0)
		return JVPN_ECRYPTO;
	len = wc_DerToPem(der, (word32)der_len, (byte *)out, JVPN_CERTGEN_PEM_MAX - 1, type);
	if (len <= 0)
		return JVPN_ECRYPTO;
	out[len] = '\0';
	return 0;
}

static int sign(struct work *work, const struct jvpn_certgen_request *request,
		struct jvpn_certgen *out)
{
	ecc_key *signer = request->issuer != NULL ? &work->issuer_key : &work->key;
	word32 key_len = sizeof(work->key_der);
	int len;

	if (wc_MakeCert_ex(&work->cert, work->der, sizeof(work->der), ECC_TYPE, &work->key,
			   &work->rng) <= 0)
		return JVPN_ECRYPTO;
	len = wc_SignCert_ex(work->cert.bodySz, CTC_SHA256wECDSA, work->der, sizeof(work->der),
			     ECC_TYPE, signer, &work->rng);
	if (to_pem(work->der, len, CERT_TYPE, out->certificate) != 0)
		return JVPN_ECRYPTO;
	if (wc_EccKeyToPKCS8(&work->key, work->key_der, &key_len) <= 0)
		return JVPN_ECRYPTO;
	return to_pem(work->key_der, (int)key_len, PKCS8_PRIVATEKEY_TYPE, out->key);
}

int jvpn_certgen_issue(const struct jvpn_certgen_request *request, struct jvpn_certgen *out)
{
	struct work *work = work_new();
	int err = JVPN_ECRYPTO;

	if (work == NULL)
		return JVPN_ENOMEM;
	if (!work->has_rng || !work->has_key || !work->has_issuer_key)
		goto out;
	if (wc_ecc_make_key_ex(&work->rng, P256_BYTES, &work->key, ECC_SECP256R1) != 0)
		goto out;
	err = fill(work, request);
	if (err == 0)
		err = load_issuer(work, request->issuer);
	if (err == 0)
		err = sign(work, request, out);
out:
	if (err != 0)
		jvpn_certgen_clear(out);
	work_free(work);
	return err;
}

void jvpn_certgen_clear(struct jvpn_certgen *certgen)
{
	jvpn_wipe(certgen, sizeof(*certgen));
}
