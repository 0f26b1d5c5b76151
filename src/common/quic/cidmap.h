/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Connection ID -> connection in O(1): open addressing, keyed with SipHash-2-4 because strangers
 * choose the first DCID of a connection. Does not own what it points to.
 */
#ifndef JVPN_QUIC_CIDMAP_H
#define JVPN_QUIC_CIDMAP_H

#include <stddef.h>
#include <stdint.h>

#define JVPN_CIDMAP_KEY_BYTES 16
#define JVPN_CIDMAP_CID_MAX   20

struct jvpn_cidmap; /* Owner: struct jvpn_quic */

/* max_entries bounds it. JVPN_ENOMEM. */
int jvpn_cidmap_new(const uint8_t key[JVPN_CIDMAP_KEY_BYTES], size_t max_entries,
		    struct jvpn_cidmap **out);
void jvpn_cidmap_free(struct jvpn_cidmap *map);
/* NULL when it is not there (also for lengths out of 1..20). */
void *jvpn_cidmap_get(const struct jvpn_cidmap *map, const uint8_t *cid, size_t len);
/* JVPN_EEXISTS (also for the same value), JVPN_EFULL, JVPN_ENOMEM, JVPN_EINVAL (length). */
int jvpn_cidmap_add(struct jvpn_cidmap *map, const uint8_t *cid, size_t len, void *value);
/* Nothing happens when it is not there or belongs to another value. */
void jvpn_cidmap_remove(struct jvpn_cidmap *map, const uint8_t *cid, size_t len, const void *value);
size_t jvpn_cidmap_count(const struct jvpn_cidmap *map);

/* SipHash-2-4 (Aumasson, Bernstein 2012), for the tests' reference vectors. */
uint64_t jvpn_cidmap_hash(const uint8_t key[JVPN_CIDMAP_KEY_BYTES], const uint8_t *data,
			  size_t len);

#endif
