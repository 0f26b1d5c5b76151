/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The codec of dns.h. Follows CNAMEs inside the answer, and nothing beyond it.
 */
#include "proto/dns.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"

#define HEADER_LEN       12
#define LABEL_MAX        63
#define FLAG_RESPONSE    0x8000U
#define FLAG_TRUNCATED   0x0200
#define FLAG_RECURSE     0x0100U
#define MASK_OPCODE      0x7800U
#define MASK_RCODE       0x000fU
#define RCODE_NAME_ERROR 3
#define CLASS_IN         1
#define TYPE_CNAME       5
#define TYPE_OPT         41
#define POINTER          0xc0
#define CNAMES_MAX       8
#define RECORDS_MAX      64

/* ---- names ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_name(const char *a, const char *b)
{
	while (*a != '\0' && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

static int write_name(struct jvpn_writer *w, const char *name)
{
	if (strlen(name) > JVPN_DNS_NAME_MAX || name[0] == '\0')
		return JVPN_EINVAL;
	while (*name != '\0') {
		const char *dot = strchr(name, '.');
		size_t len = dot != NULL ? (size_t)(dot - name) : strlen(name);

		if (len == 0 || len > LABEL_MAX || (dot != NULL && dot[1] == '\0'))
			return JVPN_EINVAL;
		jvpn_writer_u8(w, (uint8_t)len);
		jvpn_writer_bytes(w, name, len);
		name += len + (dot != NULL);
	}
	jvpn_writer_u8(w, 0);
	return 0;
}

/* One label behind out[*at]; what cannot stand in a host name makes the name equal to none. */
static bool add_label(char out[JVPN_DNS_NAME_MAX + 1], size_t *at, const uint8_t *label, size_t len)
{
	if (*at + (*at != 0) + len > JVPN_DNS_NAME_MAX)
		return false;
	if (*at != 0)
		out[(*at)++] = '.';
	for (size_t i = 0; i < len; i++)
		out[(*at)++] =
			label[i] > ' ' && label[i] < 0x7f && label[i] != '.' ? (char)label[i] : '?';
	return true;
}

/* The name at 'offset', following pointers, each of which must point further back than the last: it
 * ends. *next: the offset behind it where it stands. */
static int read_name(const uint8_t *data, size_t len, size_t offset,
		     char out[JVPN_DNS_NAME_MAX + 1], size_t *next)
{
	size_t at = 0, limit = offset, pos = offset;
	bool jumped = false;

	for (;;) {
		uint8_t n;

		if (pos >= len)
			return JVPN_EMALFORMED;
		n = data[pos];
		if ((n & POINTER) == POINTER) {
			size_t to;

			if (pos + 1 >= len)
				return JVPN_EMALFORMED;
			to = (size_t)(n & ~POINTER & 0xff) << 8 | data[pos + 1];
			if (!jumped)
				*next = pos + 2;
			jumped = true;
			if (to >= limit)
				return JVPN_EMALFORMED;
			limit = to;
			pos = to;
			continue;
		}
		if (n > LABEL_MAX || pos + 1 + n > len)
			return JVPN_EMALFORMED;
		if (n == 0)
			break;
		if (!add_label(out, &at, data + pos + 1, n))
			return JVPN_EMALFORMED;
		pos += 1U + n;
	}
	if (!jumped)
		*next = pos + 1;
	out[at] = '\0';
	return 0;
}

/* ---- the question ---- */

int jvpn_dns_query_write(const struct jvpn_dns_question *q, uint8_t *out, size_t size)
{
	struct jvpn_writer w;
	int err;

	jvpn_writer_init(&w, out, size);
	jvpn_writer_u16(&w, q->id);
	jvpn_writer_u16(&w, FLAG_RECURSE);
	jvpn_writer_u16(&w, 1); /* question */
	jvpn_writer_u16(&w, 0);
	jvpn_writer_u16(&w, 0);
	jvpn_writer_u16(&w, 1); /* OPT */
	err = write_name(&w, q->name);
	if (err)
		return err;
	jvpn_writer_u16(&w, (uint16_t)q->type);
	jvpn_writer_u16(&w, CLASS_IN);
	jvpn_writer_u8(&w, 0);
	jvpn_writer_u16(&w, TYPE_OPT);
	jvpn_writer_u16(&w, JVPN_DNS_ANSWER_MAX);
	jvpn_writer_u32(&w, 0);
	jvpn_writer_u16(&w, 0);
	return w.err ? w.err : (int)jvpn_writer_len(&w);
}

/* ---- the answer ---- */

struct record {
	char owner[JVPN_DNS_NAME_MAX + 1];
	uint16_t type, class;
	size_t data, data_len; /* offset and length of the rdata */
};

static uint16_t u16_at(const uint8_t *data, size_t at)
{
	return (uint16_t)(data[at] << 8 | data[at + 1]);
}

static int read_record(const uint8_t *data, size_t len, size_t *at, struct record *r)
{
	int err = read_name(data, len, *at, r->owner, at);

	if (err || *at + 10 > len)
		return JVPN_EMALFORMED;
	r->type = u16_at(data, *at);
	r->class = u16_at(data, *at + 2);
	r->data_len = u16_at(data, *at + 8);
	r->data = *at + 10;
	*at = r->data + r->data_len;
	return *at > len ? JVPN_EMALFORMED : 0;
}

/* The question must be ours: another one's answer, or a guess, is not taken. */
static int check_question(const struct jvpn_dns_question *q, const uint8_t *data, size_t len,
			  size_t *at)
{
	char name[JVPN_DNS_NAME_MAX + 1];
	uint16_t flags;

	if (len < HEADER_LEN || u16_at(data, 0) != q->id)
		return JVPN_EMALFORMED;
	flags = u16_at(data, 2);
	if ((flags & FLAG_RESPONSE) == 0 || (flags & MASK_OPCODE) != 0 || u16_at(data, 4) != 1)
		return JVPN_EMALFORMED;
	if (read_name(data, len, HEADER_LEN, name, at) || *at + 4 > len ||
	    !same_name(name, q->name) || u16_at(data, *at) != q->type ||
	    u16_at(data, *at + 2) != CLASS_IN)
		return JVPN_EMALFORMED;
	*at += 4;
	return 0;
}

static void take(struct jvpn_dns_addresses *out, const uint8_t *address, size_t len)
{
	if (out->count == JVPN_DNS_ADDRESSES_MAX)
		return;
	memset(out->address[out->count], 0, sizeof(out->address[0]));
	memcpy(out->address[out->count++], address, len);
}

/* More would not fit into the datagram: what is there counts all the same. */
static bool is_truncated(const uint8_t *data)
{
	return (u16_at(data, 2) & FLAG_TRUNCATED) != 0;
}

/* Once through the answer section: addresses of 'name', or the name that it stands for. */
static int walk(const struct jvpn_dns_question *q, const uint8_t *data, size_t len, size_t at,
		char name[JVPN_DNS_NAME_MAX + 1], struct jvpn_dns_addresses *out)
{
	size_t count = u16_at(data, 6), want = q->type == JVPN_DNS_A ? 4 : 16;
	char alias[JVPN_DNS_NAME_MAX + 1] = "";
	size_t behind;

	if (count > RECORDS_MAX)
		count = RECORDS_MAX;
	for (size_t i = 0; i < count; i++) {
		struct record r;

		if (read_record(data, len, &at, &r)) {
			if (!is_truncated(data))
				return JVPN_EMALFORMED;
			break; /* what came before the cut counts, an alias too */
		}
		if (r.class != CLASS_IN || !same_name(r.owner, name))
			continue;
		if (r.type == q->type && r.data_len == want)
			take(out, data + r.data, want);
		else if (r.type == TYPE_CNAME && read_name(data, len, r.data, alias, &behind))
			return JVPN_EMALFORMED;
	}
	memcpy(name, alias, sizeof(alias));
	return 0;
}

int jvpn_dns_answer_read(const struct jvpn_dns_question *q, const uint8_t *data, size_t len,
			 struct jvpn_dns_addresses *out)
{
	struct jvpn_dns_addresses found = {0};
	char name[JVPN_DNS_NAME_MAX + 1];
	size_t at = 0;
	unsigned rcode;
	int err = check_question(q, data, len, &at);

	if (err)
		return err;
	rcode = u16_at(data, 2) & MASK_RCODE;
	if (rcode == RCODE_NAME_ERROR)
		return JVPN_ENOTFOUND;
	if (rcode != 0)
		return JVPN_EUNSUPPORTED;
	memcpy(name, q->name, sizeof(name));
	for (int i = 0; i < CNAMES_MAX && found.count == 0 && name[0] != '\0'; i++) {
		err = walk(q, data, len, at, name, &found);
		if (err)
			return err;
	}
	if (found.count == 0 && is_truncated(data))
		return JVPN_EUNSUPPORTED;
	*out = found;
	return 0;
}
