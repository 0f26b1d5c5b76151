/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One session as bytes in the store, and what its times mean after a restart. No I/O, no
 * allocation, no clock, no cryptography: the secret is a blob that the runtime sealed.
 *
 * Layout (version 1, big-endian; docs/internals/store.md has the table): *head* || length of the
 * seal (2) || seal. The seal's additional data is a digest of the head, so a head that was changed
 * or put under another session's seal does not open (security_failure).
 */
#ifndef JVPN_STORE_RECORD_H
#define JVPN_STORE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/session.h"

#define JVPN_RECORD_VERSION       1
#define JVPN_RECORD_ADDRESSES_MAX 8
#define JVPN_RECORD_USER_MAX      63
#define JVPN_RECORD_SEAL_MAX      1024
/* Of a whole record. */
#define JVPN_RECORD_MAX    2304
#define JVPN_BOOT_ID_BYTES 16

/* A point in time that survives the process: within one boot CLOCK_BOOTTIME decides, across boots
 * the wall clock. The caller reads the clocks and /proc/sys/kernel/random/boot_id. */
struct jvpn_stamp {
	uint64_t wall_ms;     /* since 1970-01-01 UTC */
	uint64_t boottime_ms; /* CLOCK_BOOTTIME: goes on during suspend */
	uint8_t boot_id[JVPN_BOOT_ID_BYTES];
};

struct jvpn_record_address {
	uint8_t version;     /* 4 or 6 */
	uint8_t prefix_len;  /* at most 32 or 128 */
	uint8_t address[16]; /* the first 4 octets for version 4 */
};

/* What a restart needs: the core's part and the driver's. Plain values, may be copied. */
struct jvpn_record {
	struct jvpn_session_record session;
	struct jvpn_stamp stamp; /* when session's durations were true */
	uint8_t address_count;
	struct jvpn_record_address address[JVPN_RECORD_ADDRESSES_MAX];
	char user[JVPN_RECORD_USER_MAX + 1];
};

/* Where the parts of an encoded record are. Borrowed from the bytes that were decoded. */
struct jvpn_record_parts {
	const uint8_t *head; /* digest this for the seal's additional data */
	size_t head_len;
	const uint8_t *seal;
	size_t seal_len;
};

/* Milliseconds from 'then' to 'now': by CLOCK_BOOTTIME within one boot, else by the wall clock.
 * Time that seems to run backwards counts as 0. */
uint64_t jvpn_stamp_elapsed_ms(const struct jvpn_stamp *then, const struct jvpn_stamp *now);
/* Lets the clocks of a stored session run on to 'now': age from the record's stamp; transportless
 * time from there too, or, when a transport was bound, from the later of the stamp and 'alive' (the
 * node's last sign of life; NULL: none). Saturates. session.md, "Restart". */
void jvpn_record_advance(struct jvpn_record *record, const struct jvpn_stamp *alive,
			 const struct jvpn_stamp *now);

/* Writes the head. JVPN_EINVAL (a value that decoding would refuse), JVPN_ENOSPACE. */
int jvpn_record_encode_head(const struct jvpn_record *record, struct jvpn_writer *w);
/* Writes the seal behind it. JVPN_EINVAL (longer than JVPN_RECORD_SEAL_MAX), JVPN_ENOSPACE. */
int jvpn_record_encode_seal(const void *seal, size_t len, struct jvpn_writer *w);
/* Reads a whole record. JVPN_EUNSUPPORTED: the version is not one this program knows
 * (record_version_unsupported); JVPN_ETRUNCATED, JVPN_ETRAILING, JVPN_EMALFORMED. On error *record and
 * *parts are untouched. */
int jvpn_record_decode(const void *data, size_t len, struct jvpn_record *record,
		       struct jvpn_record_parts *parts);

#endif
