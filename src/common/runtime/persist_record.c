/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A live session to the octets of its record and back. What the record says is the session *behind*
 * the operation: the core is pure, so a copy of the session takes the store's yes beforehand.
 */
#include <string.h>

#include "base/err.h"
#include "core/session.h"
#include "crypto/hash.h"
#include "crypto/seal.h"
#include "crypto/wipe.h"
#include "runtime/driver.h"
#include "runtime/persist_internal.h"

#define KEYS_BYTES (2 * JVPN_SECRET_KEY_BYTES)

void jvpn_persist_rehearse(struct jvpn_persist *persist, const struct jvpn_live *live,
			   const struct jvpn_effect *effect)
{
	const struct jvpn_driver *d = persist->driver;
	struct jvpn_step_ctx ctx = {.policy = &d->policy};
	struct jvpn_event yes = {
		.type = JVPN_EVENT_STORE_RESULT, .slot = JVPN_SLOT_NONE, .now_ns = d->now_ns};

	yes.u.store.nonce = effect->u.store.nonce;
	yes.u.store.status = JVPN_STORE_OK;
	jvpn_session_copy(&live->core, &persist->dry);
	jvpn_session_step(&persist->dry.session, &ctx, &yes, &persist->dry_effects);
}

static void fill_record(const struct jvpn_persist *persist, const struct jvpn_live *live,
			const struct jvpn_effect *effect, struct jvpn_record *record)
{
	memset(record, 0, sizeof(*record));
	jvpn_session_export(&persist->dry.session, persist->driver->now_ns, &record->session);
	record->session.state = effect->u.store.state;
	record->session.state_version = effect->u.store.to_version;
	jvpn_persist_stamp(persist, &record->stamp);
	memcpy(record->user, live->user, sizeof(record->user));
	for (size_t i = 0; i < live->addresses->count && i < JVPN_RECORD_ADDRESSES_MAX; i++) {
		struct jvpn_record_address *to = &record->address[record->address_count++];

		to->version = live->addresses->address[i].version;
		to->prefix_len = live->addresses->address[i].prefix_len;
		memcpy(to->address, live->addresses->address[i].address,
		       to->version == 4 ? 4 : sizeof(to->address));
	}
}

static int digest(const uint8_t *head, size_t len, uint8_t out[JVPN_SHA256_BYTES])
{
	return jvpn_sha256(head, len, out);
}

static int seal_keys(const struct jvpn_persist *persist, const struct jvpn_live *live,
		     struct jvpn_writer *w, size_t head_len)
{
	uint8_t sealed[KEYS_BYTES + JVPN_SEAL_OVERHEAD], hash[JVPN_SHA256_BYTES];
	uint8_t both[KEYS_BYTES];
	struct jvpn_seal_aad aad = {hash, sizeof(hash)};
	struct jvpn_secret secret = {0};
	int rv;

	memcpy(both, live->keys.c2s.b, JVPN_SECRET_KEY_BYTES);
	memcpy(both + JVPN_SECRET_KEY_BYTES, live->keys.s2c.b, JVPN_SECRET_KEY_BYTES);
	rv = jvpn_secret_set(&secret, both, sizeof(both));
	jvpn_wipe(both, sizeof(both));
	if (!rv)
		rv = digest(persist->record, head_len, hash);
	if (!rv)
		rv = jvpn_seal(&persist->seal_key, &secret, &aad, sealed, sizeof(sealed));
	jvpn_secret_clear(&secret);
	return rv < 0 ? rv : jvpn_record_encode_seal(sealed, (size_t)rv, w);
}

int jvpn_persist_encode(struct jvpn_persist *persist, const struct jvpn_live *live,
			const struct jvpn_effect *effect)
{
	struct jvpn_record record;
	struct jvpn_writer w;
	int rv;

	fill_record(persist, live, effect, &record);
	jvpn_writer_init(&w, persist->record, sizeof(persist->record));
	rv = jvpn_record_encode_head(&record, &w);
	if (!rv && live->has_keys)
		rv = seal_keys(persist, live, &w, jvpn_writer_len(&w));
	else if (!rv)
		rv = jvpn_record_encode_seal("", 0, &w);
	return rv ? rv : (int)jvpn_writer_len(&w);
}

/* ---- back ---- */

static bool open_keys(const struct jvpn_persist *persist, const struct jvpn_record_parts *parts,
		      struct jvpn_session_keys *keys)
{
	uint8_t hash[JVPN_SHA256_BYTES];
	struct jvpn_seal_aad aad = {hash, sizeof(hash)};
	struct jvpn_secret secret = {0};
	int rv = digest(parts->head, parts->head_len, hash);

	if (!rv)
		rv = jvpn_unseal(&persist->seal_key, &aad, parts->seal, parts->seal_len, &secret);
	if (!rv && secret.len != KEYS_BYTES)
		rv = JVPN_ECRYPTO;
	if (!rv)
		rv = jvpn_secret_set(&keys->c2s, secret.b, JVPN_SECRET_KEY_BYTES);
	if (!rv)
		rv = jvpn_secret_set(&keys->s2c, secret.b + JVPN_SECRET_KEY_BYTES,
				     JVPN_SECRET_KEY_BYTES);
	jvpn_secret_clear(&secret);
	return !rv;
}

int jvpn_persist_decode(const struct jvpn_persist *persist, const struct jvpn_store_entry *stored,
			const struct jvpn_stamp *alive, struct jvpn_persist_entry *out)
{
	struct jvpn_record_parts parts;
	struct jvpn_stamp now;
	int rv = jvpn_record_decode(stored->record, stored->record_len, &out->record, &parts);

	if (rv)
		return rv;
	if (!jvpn_id_equal(&out->record.session.id, &stored->id) ||
	    out->record.session.state_version != stored->version ||
	    out->record.session.state != stored->state)
		return JVPN_EMALFORMED;
	out->opened = open_keys(persist, &parts, &out->keys);
	jvpn_persist_stamp(persist, &now);
	jvpn_record_advance(&out->record, alive, &now);
	return 0;
}
