/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The codec of saved.h. Everything is checked in both directions: what cannot be decoded is never
 * encoded.
 */
#include "client/saved.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crypto/ct.h"
#include "crypto/wipe.h"

#define MAGIC         "jvpnsave"
#define MAGIC_BYTES   8
#define HEAD_BYTES    (MAGIC_BYTES + 2 + 4)
#define LENGTH_AT     (MAGIC_BYTES + 2)
#define LEAST_BYTES   (HEAD_BYTES + JVPN_SHA256_BYTES)
#define PART_MAX      8192
#define RESTORABLE(s) ((s) > JVPN_STATE_BIRTH && (s) < JVPN_STATE_TERMINATED)
_Static_assert(JVPN_STATE_BIRTH < JVPN_STATE_ATTACHED &&
		       JVPN_STATE_RECOVERING < JVPN_STATE_TERMINATED,
	       "what can be restored stands between these two");

static void put_text(struct jvpn_writer *w, const char *text)
{
	size_t len = strlen(text);

	jvpn_writer_u8(w, (uint8_t)len);
	jvpn_writer_bytes(w, text, len);
}

/* 'max': without the NUL. Control characters have no place in any of these names. */
static void take_text(struct jvpn_reader *r, char *out, size_t max)
{
	uint8_t len = jvpn_reader_u8(r);

	if (len > max) {
		jvpn_reader_fail(r, JVPN_EMALFORMED);
		return;
	}
	jvpn_reader_bytes(r, out, len);
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)out[i] <= ' ' || (uint8_t)out[i] == 0x7f)
			jvpn_reader_fail(r, JVPN_EMALFORMED);
}

static bool text_is_valid(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	if (len == 0 || len == size)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)text[i] <= ' ' || (uint8_t)text[i] == 0x7f)
			return false;
	return true;
}

#define TEXT_OK(field) text_is_valid((field), sizeof(field))

static bool saved_is_valid(const struct jvpn_saved *s)
{
	return TEXT_OK(s->server_name) && TEXT_OK(s->node_id) &&
	       (!s->label[0] || TEXT_OK(s->label)) && (!s->peer[0] || TEXT_OK(s->peer)) &&
	       s->route_prefix_len <= JVPN_ROUTE_PREFIX_MAX && TEXT_OK(s->tun_name) &&
	       RESTORABLE(s->record.session.state) && s->record.address_count > 0 &&
	       s->keys.c2s.len == JVPN_SECRET_KEY_BYTES &&
	       s->keys.s2c.len == JVPN_SECRET_KEY_BYTES &&
	       !jvpn_ct_is_zero(s->keys.c2s.b, s->keys.c2s.len) &&
	       !jvpn_ct_is_zero(s->keys.s2c.b, s->keys.s2c.len) && s->mtu <= UINT16_MAX &&
	       s->ticket_len <= JVPN_SAVED_TICKET_MAX;
}

/* A part of variable length behind its length (2). */
static void put_part(struct jvpn_writer *w, const void *data, size_t len)
{
	jvpn_writer_u16(w, (uint16_t)len);
	jvpn_writer_bytes(w, data, len);
}

static int put_record(const struct jvpn_record *record, struct jvpn_writer *w)
{
	uint8_t part[JVPN_RECORD_MAX];
	struct jvpn_writer p;
	int err;

	jvpn_writer_init(&p, part, sizeof(part));
	err = jvpn_record_encode_head(record, &p);
	/* Nothing is sealed: the keys follow by themselves. */
	if (!err)
		err = jvpn_record_encode_seal(part, 0, &p);
	if (!err)
		put_part(w, part, jvpn_writer_len(&p));
	return err;
}

static int put_routes(const struct jvpn_connectip_routes *routes, struct jvpn_writer *w)
{
	uint8_t part[PART_MAX];
	struct jvpn_writer p;
	int err;

	jvpn_writer_init(&p, part, sizeof(part));
	err = jvpn_connectip_routes_encode(routes, &p);
	if (!err)
		put_part(w, part, jvpn_writer_len(&p));
	return err;
}

static int put_body(const struct jvpn_saved *s, struct jvpn_writer *w)
{
	int err;

	put_text(w, s->server_name);
	jvpn_writer_bytes(w, s->ca_digest, sizeof(s->ca_digest));
	put_text(w, s->node_id);
	put_text(w, s->label);
	jvpn_writer_u8(w, s->route_prefix_len);
	jvpn_writer_bytes(w, s->route_prefix, s->route_prefix_len);
	put_text(w, s->peer);
	put_text(w, s->tun_name);
	jvpn_writer_u32(w, s->mtu);
	jvpn_writer_bytes(w, s->keys.c2s.b, JVPN_SECRET_KEY_BYTES);
	jvpn_writer_bytes(w, s->keys.s2c.b, JVPN_SECRET_KEY_BYTES);
	err = put_record(&s->record, w);
	if (!err)
		err = put_routes(&s->routes, w);
	put_part(w, s->ticket, s->ticket_len);
	return err;
}

/* Length into its place, digest to the end. */
static int finish(struct jvpn_writer *w, uint8_t *start)
{
	uint8_t digest[JVPN_SHA256_BYTES];
	struct jvpn_writer at;
	int err;

	if (w->err)
		return w->err;
	jvpn_writer_init(&at, start + LENGTH_AT, 4);
	jvpn_writer_u32(&at, (uint32_t)((size_t)(w->pos - start) + sizeof(digest)));
	err = jvpn_sha256(start, (size_t)(w->pos - start), digest);
	if (!err)
		jvpn_writer_bytes(w, digest, sizeof(digest));
	return err ? err : w->err;
}

int jvpn_saved_encode(const struct jvpn_saved *saved, struct jvpn_writer *w)
{
	uint8_t *start = w->pos;
	int err;

	if (!saved_is_valid(saved))
		return JVPN_EINVAL;
	jvpn_writer_bytes(w, MAGIC, MAGIC_BYTES);
	jvpn_writer_u16(w, JVPN_SAVED_VERSION);
	jvpn_writer_u32(w, 0);
	err = put_body(saved, w);
	return err ? err : finish(w, start);
}

static void take_key(struct jvpn_reader *r, struct jvpn_secret *key)
{
	jvpn_reader_bytes(r, key->b, JVPN_SECRET_KEY_BYTES);
	key->len = JVPN_SECRET_KEY_BYTES;
}

static void take_record(struct jvpn_reader *r, struct jvpn_record *record)
{
	uint16_t len = jvpn_reader_u16(r);
	const uint8_t *data = jvpn_reader_skip(r, len);
	struct jvpn_record_parts parts = {0};

	if (r->err == 0 &&
	    (jvpn_record_decode(data, len, record, &parts) != 0 || parts.seal_len != 0))
		jvpn_reader_fail(r, JVPN_EMALFORMED);
}

static void take_routes(struct jvpn_reader *r, struct jvpn_connectip_routes *routes)
{
	uint16_t len = jvpn_reader_u16(r);
	const uint8_t *data = jvpn_reader_skip(r, len);
	struct jvpn_reader part;

	if (r->err != 0)
		return;
	jvpn_reader_init(&part, data, len);
	if (jvpn_connectip_routes_decode(&part, routes) != 0 || jvpn_reader_finish(&part) != 0)
		jvpn_reader_fail(r, JVPN_EMALFORMED);
}

static void take_ticket(struct jvpn_reader *r, struct jvpn_saved *s)
{
	s->ticket_len = jvpn_reader_u16(r);
	if (s->ticket_len > JVPN_SAVED_TICKET_MAX)
		jvpn_reader_fail(r, JVPN_EMALFORMED);
	else
		jvpn_reader_bytes(r, s->ticket, s->ticket_len);
}

static void take_body(struct jvpn_reader *r, struct jvpn_saved *s)
{
	take_text(r, s->server_name, sizeof(s->server_name) - 1);
	jvpn_reader_bytes(r, s->ca_digest, sizeof(s->ca_digest));
	take_text(r, s->node_id, sizeof(s->node_id) - 1);
	take_text(r, s->label, sizeof(s->label) - 1);
	s->route_prefix_len = jvpn_reader_u8(r);
	if (s->route_prefix_len > sizeof(s->route_prefix))
		jvpn_reader_fail(r, JVPN_EMALFORMED);
	else
		jvpn_reader_bytes(r, s->route_prefix, s->route_prefix_len);
	take_text(r, s->peer, sizeof(s->peer) - 1);
	take_text(r, s->tun_name, sizeof(s->tun_name) - 1);
	s->mtu = jvpn_reader_u32(r);
	take_key(r, &s->keys.c2s);
	take_key(r, &s->keys.s2c);
	take_record(r, &s->record);
	take_routes(r, &s->routes);
	take_ticket(r, s);
}

/* Version before digest: a later version may have another one. */
static int check_frame(const uint8_t *data, size_t len)
{
	uint8_t digest[JVPN_SHA256_BYTES];
	struct jvpn_reader r;
	uint32_t length;

	if (len < MAGIC_BYTES || memcmp(data, MAGIC, MAGIC_BYTES) != 0)
		return len < MAGIC_BYTES ? JVPN_ETRUNCATED : JVPN_EMALFORMED;
	jvpn_reader_init(&r, data + MAGIC_BYTES, len - MAGIC_BYTES);
	if (jvpn_reader_u16(&r) != JVPN_SAVED_VERSION && r.err == 0)
		return JVPN_EUNSUPPORTED;
	length = jvpn_reader_u32(&r);
	if (r.err != 0 || len < LEAST_BYTES || len < length)
		return JVPN_ETRUNCATED;
	if (len > length)
		return JVPN_ETRAILING;
	if (jvpn_sha256(data, len - sizeof(digest), digest) != 0)
		return JVPN_ECRYPTO;
	return memcmp(digest, data + len - sizeof(digest), sizeof(digest)) == 0 ? 0
										: JVPN_EMALFORMED;
}

int jvpn_saved_decode(const void *data, size_t len, struct jvpn_saved *out)
{
	struct jvpn_saved *s;
	struct jvpn_reader r;
	int err = check_frame(data, len);

	if (err)
		return err;
	s = calloc(1, sizeof(*s));
	if (!s)
		return JVPN_ENOMEM;
	jvpn_reader_init(&r, (const uint8_t *)data + HEAD_BYTES, len - LEAST_BYTES);
	take_body(&r, s);
	/* The digest was right: what does not fit now was never written by this version. */
	if (jvpn_reader_finish(&r) != 0 || !saved_is_valid(s))
		err = JVPN_EMALFORMED;
	else
		*out = *s;
	jvpn_saved_clear(s);
	free(s);
	return err;
}

void jvpn_saved_clear(struct jvpn_saved *saved)
{
	jvpn_wipe(saved, sizeof(*saved));
}
