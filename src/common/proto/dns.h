/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The little of DNS (RFC 1035, RFC 3596) that is needed to look up the addresses of one name: a
 * question, and what an answer to it says. Pure codec.
 */
#ifndef JVPN_PROTO_DNS_H
#define JVPN_PROTO_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JVPN_DNS_NAME_MAX      253
#define JVPN_DNS_QUERY_MAX     (12 + JVPN_DNS_NAME_MAX + 2 + 4 + 11)
#define JVPN_DNS_ANSWER_MAX    1232 /* of one datagram: what we say that we take (RFC 6891) */
#define JVPN_DNS_ADDRESSES_MAX 8

enum jvpn_dns_type { JVPN_DNS_A = 1, JVPN_DNS_AAAA = 28 };

struct jvpn_dns_question {
	char name[JVPN_DNS_NAME_MAX + 1]; /* without a dot at the end */
	enum jvpn_dns_type type;
	uint16_t id; /* random */
};

struct jvpn_dns_addresses {
	size_t count; /* 0: the name exists and has none of this type */
	uint8_t address[JVPN_DNS_ADDRESSES_MAX][16]; /* A: the first four octets */
};

/* Writes the query and returns its length; JVPN_EINVAL: no DNS name; JVPN_ENOSPACE. */
int jvpn_dns_query_write(const struct jvpn_dns_question *q, uint8_t *out, size_t size);
/* Reads the answer. 0; JVPN_ENOTFOUND: the name does not exist; JVPN_EUNSUPPORTED: the server does not
 * answer such questions now, or cut its answer before the first address (try another one); JVPN_EMALFORMED: not an answer to q: ignore it.
 * *out is set on 0 only. */
int jvpn_dns_answer_read(const struct jvpn_dns_question *q, const uint8_t *data, size_t len,
			 struct jvpn_dns_addresses *out);

#endif
