/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The record codec of record.h. Everything is checked in both directions: what cannot be decoded is
 * never encoded. Must not read clocks or know what the seal holds.
 */
#include "store/record.h"

#include <string.h>

#include "base/err.h"
#include "base/time.h"

#define FLAG_PLAIN  0x0001
#define FLAGS_KNOWN FLAG_PLAIN
/* Wire numbers of the states are stable (fsm_table.h); the core keeps them in an int. */
_Static_assert(JVPN_STATE_COUNT <= 255, "the state is one octet");
_Static_assert(JVPN_REPLAY_WORDS == 64, "the mask of used words has 64 bits");

uint64_t jvpn_stamp_elapsed_ms(const struct jvpn_stamp *then, const struct jvpn_stamp *now)
{
	if (memcmp(then->boot_id, now->boot_id, JVPN_BOOT_ID_BYTES) == 0)
		return jvpn_time_since(now->boottime_ms, then->boottime_ms);
	return jvpn_time_since(now->wall_ms, then->wall_ms);
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void jvpn_record_advance(struct jvpn_record *record, const struct jvpn_stamp *alive,
			 const struct jvpn_stamp *now)
{
	struct jvpn_session_record *s = &record->session;
	uint64_t elapsed_ms = jvpn_stamp_elapsed_ms(&record->stamp, now);
	uint64_t alive_ms = elapsed_ms;

	if (alive)
		alive_ms = jvpn_time_min(elapsed_ms, jvpn_stamp_elapsed_ms(alive, now));
	if (s->transportless_ms == 0)
		s->transportless_ms = alive_ms;
	else
		s->transportless_ms = add(s->transportless_ms, elapsed_ms);
	s->age_ms = add(s->age_ms, elapsed_ms);
	record->stamp = *now;
}

static void put_replay(const struct jvpn_replay *r, struct jvpn_writer *w)
{
	uint64_t mask = 0;

	for (unsigned int i = 0; i < JVPN_REPLAY_WORDS; i++)
		if (r->bits[i] != 0)
			mask |= 1ULL << i;
	jvpn_writer_u64(w, r->highest);
	jvpn_writer_u64(w, mask);
	for (unsigned int i = 0; i < JVPN_REPLAY_WORDS; i++)
		if (r->bits[i] != 0)
			jvpn_writer_u64(w, r->bits[i]);
}

static void take_replay(struct jvpn_reader *r, struct jvpn_replay *replay)
{
	uint64_t mask;

	replay->highest = jvpn_reader_u64(r);
	mask = jvpn_reader_u64(r);
	for (unsigned int i = 0; i < JVPN_REPLAY_WORDS && r->err == 0; i++) {
		if ((mask >> i & 1) == 0)
			continue;
		replay->bits[i] = jvpn_reader_u64(r);
		if (r->err == 0 && replay->bits[i] == 0)
			jvpn_reader_fail(r, JVPN_EMALFORMED); /* two forms of one window */
	}
}

/* The order of the numbers; one list for both directions. */
#define NUMBERS(X)                                                                                 \
	X(user_hash)                                                                               \
	X(state_version)                                                                           \
	X(attached_version)                                                                        \
	X(server_version)                                                                          \
	X(age_ms)                                                                                  \
	X(transportless_ms)                                                                        \
	X(lifetime_ms)                                                                             \
	X(transport_lost_ttl_ms)                                                                   \
	X(total_switches)                                                                          \
	X(counter)                                                                                 \
	X(last_nonce)

static void put_session(const struct jvpn_session_record *s, struct jvpn_writer *w)
{
	jvpn_writer_u16(w, s->plain ? FLAG_PLAIN : 0);
	jvpn_writer_u8(w, (uint8_t)s->state);
	jvpn_writer_bytes(w, s->id.b, JVPN_ID_BYTES);
#define X(field) jvpn_writer_u64(w, s->field);
	NUMBERS(X)
#undef X
	jvpn_writer_u32(w, s->last_n);
	put_replay(&s->replay, w);
}

static void take_session(struct jvpn_reader *r, struct jvpn_session_record *s)
{
	uint16_t flags = jvpn_reader_u16(r);

	s->plain = (flags & FLAG_PLAIN) != 0;
	if ((flags & ~FLAGS_KNOWN) != 0)
		jvpn_reader_fail(r, JVPN_EMALFORMED);
	s->state = (enum jvpn_state)jvpn_reader_u8(r);
	jvpn_reader_bytes(r, s->id.b, JVPN_ID_BYTES);
#define X(field) s->field = jvpn_reader_u64(r);
	NUMBERS(X)
#undef X
	s->last_n = jvpn_reader_u32(r);
	take_replay(r, &s->replay);
}

static void put_stamp(const struct jvpn_stamp *t, struct jvpn_writer *w)
{
	jvpn_writer_u64(w, t->wall_ms);
	jvpn_writer_u64(w, t->boottime_ms);
	jvpn_writer_bytes(w, t->boot_id, JVPN_BOOT_ID_BYTES);
}

static void take_stamp(struct jvpn_reader *r, struct jvpn_stamp *t)
{
	t->wall_ms = jvpn_reader_u64(r);
	t->boottime_ms = jvpn_reader_u64(r);
	jvpn_reader_bytes(r, t->boot_id, JVPN_BOOT_ID_BYTES);
}

static size_t address_octets(uint8_t version)
{
	return version == 4 ? 4 : 16;
}

static void put_addresses(const struct jvpn_record *record, struct jvpn_writer *w)
{
	jvpn_writer_u8(w, record->address_count);
	for (uint8_t i = 0; i < record->address_count; i++) {
		const struct jvpn_record_address *a = &record->address[i];

		jvpn_writer_u8(w, a->version);
		jvpn_writer_u8(w, a->prefix_len);
		jvpn_writer_bytes(w, a->address, address_octets(a->version));
	}
}

static void take_addresses(struct jvpn_reader *r, struct jvpn_record *record)
{
	record->address_count = jvpn_reader_u8(r);
	if (record->address_count > JVPN_RECORD_ADDRESSES_MAX) {
		record->address_count = 0;
		jvpn_reader_fail(r, JVPN_EMALFORMED);
	}
	for (uint8_t i = 0; i < record->address_count; i++) {
		struct jvpn_record_address *a = &record->address[i];

		a->version = jvpn_reader_u8(r);
		a->prefix_len = jvpn_reader_u8(r);
		jvpn_reader_bytes(r, a->address, address_octets(a->version));
	}
}

static void take_user(struct jvpn_reader *r, char user[JVPN_RECORD_USER_MAX + 1])
{
	uint8_t len = jvpn_reader_u8(r);

	if (len > JVPN_RECORD_USER_MAX) {
		jvpn_reader_fail(r, JVPN_EMALFORMED);
		return;
	}
	jvpn_reader_bytes(r, user, len);
	if (memchr(user, '\0', len))
		jvpn_reader_fail(r, JVPN_EMALFORMED);
}

static bool address_is_valid(const struct jvpn_record_address *a)
{
	static const uint8_t zero[12];

	if (a->version == 4)
		return a->prefix_len <= 32 && memcmp(a->address + 4, zero, sizeof(zero)) == 0;
	return a->version == 6 && a->prefix_len <= 128;
}

static bool record_is_valid(const struct jvpn_record *record)
{
	const struct jvpn_session_record *s = &record->session;

	if (s->state <= JVPN_STATE_NONE || s->state >= JVPN_STATE_COUNT)
		return false;
	if (s->attached_version > s->state_version)
		return false;
	if (record->address_count > JVPN_RECORD_ADDRESSES_MAX)
		return false;
	for (uint8_t i = 0; i < record->address_count; i++)
		if (!address_is_valid(&record->address[i]))
			return false;
	return memchr(record->user, '\0', sizeof(record->user)) != NULL;
}

int jvpn_record_encode_head(const struct jvpn_record *record, struct jvpn_writer *w)
{
	size_t user_len;

	if (!record_is_valid(record))
		return JVPN_EINVAL;
	user_len = strlen(record->user);
	jvpn_writer_u16(w, JVPN_RECORD_VERSION);
	put_session(&record->session, w);
	put_stamp(&record->stamp, w);
	put_addresses(record, w);
	jvpn_writer_u8(w, (uint8_t)user_len);
	jvpn_writer_bytes(w, record->user, user_len);
	return w->err;
}

int jvpn_record_encode_seal(const void *seal, size_t len, struct jvpn_writer *w)
{
	if (len > JVPN_RECORD_SEAL_MAX)
		return JVPN_EINVAL;
	jvpn_writer_u16(w, (uint16_t)len);
	jvpn_writer_bytes(w, seal, len);
	return w->err;
}

static void take_seal(struct jvpn_reader *r, struct jvpn_record_parts *parts)
{
	parts->seal_len = jvpn_reader_u16(r);
	if (parts->seal_len > JVPN_RECORD_SEAL_MAX)
		jvpn_reader_fail(r, JVPN_EMALFORMED);
	parts->seal = jvpn_reader_skip(r, parts->seal_len);
}

int jvpn_record_decode(const void *data, size_t len, struct jvpn_record *record,
		       struct jvpn_record_parts *parts)
{
	struct jvpn_record_parts p = {.head = data};
	struct jvpn_record rec;
	struct jvpn_reader r;
	uint16_t version;

	memset(&rec, 0, sizeof(rec));
	jvpn_reader_init(&r, data, len);
	version = jvpn_reader_u16(&r);
	if (r.err == 0 && version != JVPN_RECORD_VERSION)
		return JVPN_EUNSUPPORTED;
	take_session(&r, &rec.session);
	take_stamp(&r, &rec.stamp);
	take_addresses(&r, &rec);
	take_user(&r, rec.user);
	p.head_len = len - jvpn_reader_left(&r);
	take_seal(&r, &p);
	if (jvpn_reader_finish(&r))
		return jvpn_reader_finish(&r);
	if (!record_is_valid(&rec))
		return JVPN_EMALFORMED;
	*record = rec;
	*parts = p;
	return 0;
}
