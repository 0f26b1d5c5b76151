/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The codec of dnsassign.h.
 */
#include "proto/dnsassign.h"

#include <string.h>

#include "base/err.h"
#include "proto/varint.h"

#define LABEL_MAX 63
#define DNS_PORT  53

/* Service parameters (RFC 9460 section 14.3.2, RFC 9461). */
enum { PARAM_MANDATORY = 0, PARAM_ALPN, PARAM_NO_DEFAULT_ALPN, PARAM_PORT, PARAM_HINT4 };
enum { PARAM_HINT6 = 6, PARAM_DOHPATH = 7 };

/* ---- what is valid ---- */

static bool is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

static bool name_is_valid(const char *text, size_t len)
{
	size_t label = 0;

	if (len == 0 || len > JVPN_DNSASSIGN_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (!is_label_char(text[i]) || (label == 0 && text[i] == '-') ||
		    ++label > LABEL_MAX)
			return false;
	}
	return label > 0;
}

bool jvpn_dnsassign_is_name(const char *text)
{
	return name_is_valid(text, strlen(text));
}

static bool is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

bool jvpn_dnsassign_is_server(uint8_t version, const uint8_t *address)
{
	if (version == 4)
		return address[0] != 0 && address[0] != 127 && address[0] < 224;
	if (version != 6)
		return false;
	/* ::, ::1 */
	return address[0] != 0xff && !(is_zero(address, 15) && address[15] <= 1);
}

/* ---- decoding ---- */

/* What one Nameserver structure says about itself. */
struct nameserver {
	uint16_t priority;
	bool has_name; /* for authentication */
	bool is_plain; /* may be asked without encryption, on port 53 */
	size_t count;
	struct jvpn_dnsassign_server address[JVPN_DNSASSIGN_SERVERS_MAX];
};

/* One DNS Configuration; priority[i] belongs to server[i]. */
struct configuration {
	struct jvpn_dnsassign *out;
	uint16_t priority[JVPN_DNSASSIGN_SERVERS_MAX];
};

/* A name of n octets; '*end' is its length without the dot at the end. */
static const char *take_name(struct jvpn_reader *r, size_t *len)
{
	uint64_t n = jvpn_varint_read(r);
	const char *text;

	*len = 0;
	if (n > jvpn_reader_left(r)) {
		jvpn_reader_fail(r, JVPN_ETRUNCATED);
		return NULL;
	}
	text = (const char *)jvpn_reader_skip(r, (size_t)n);
	if (r->err || n == 0)
		return text;
	if (n == 1 && text[0] == '.')
		return text; /* the root, written as some write it */
	*len = (size_t)n;
	if (text[*len - 1] == '.')
		(*len)--;
	if (!name_is_valid(text, *len))
		jvpn_reader_fail(r, JVPN_EMALFORMED);
	return text;
}

static void take_domains(struct jvpn_reader *r, struct jvpn_dnsassign_domains *domains,
			 bool root_ok, bool *has_more)
{
	uint64_t count = jvpn_varint_read(r);

	for (uint64_t i = 0; i < count && !r->err; i++) {
		size_t len;
		const char *text = take_name(r, &len);

		if (!r->err && len == 0 && !root_ok)
			jvpn_reader_fail(r, JVPN_EMALFORMED);
		if (r->err)
			return;
		if (domains->count == JVPN_DNSASSIGN_DOMAINS_MAX) {
			*has_more = true;
			continue;
		}
		memcpy(domains->name[domains->count], text, len);
		domains->name[domains->count++][len] = '\0';
	}
}

static void take_addresses(struct jvpn_reader *r, uint8_t version, struct nameserver *n,
			   bool *has_more)
{
	uint64_t count = jvpn_varint_read(r);

	for (uint64_t i = 0; i < count && !r->err; i++) {
		struct jvpn_dnsassign_server server = {.version = version};

		jvpn_reader_bytes(r, server.address, version == 4 ? 4 : 16);
		if (!r->err && !jvpn_dnsassign_is_server(version, server.address))
			jvpn_reader_fail(r, JVPN_EMALFORMED);
		if (n->count < JVPN_DNSASSIGN_SERVERS_MAX)
			n->address[n->count++] = server;
		else
			*has_more = true;
	}
}

/* Parameters that must be understood. */
static void take_mandatory(struct jvpn_reader *r, struct nameserver *n)
{
	if (jvpn_reader_left(r) == 0 || jvpn_reader_left(r) % 2)
		jvpn_reader_fail(r, JVPN_EMALFORMED);
	while (!r->err && jvpn_reader_left(r) > 0) {
		uint16_t key = jvpn_reader_u16(r);

		if (key == PARAM_MANDATORY)
			jvpn_reader_fail(r, JVPN_EMALFORMED);
		if (key > PARAM_PORT && key != PARAM_DOHPATH)
			n->is_plain = false;
	}
}

static void take_parameter(struct jvpn_reader *r, uint16_t key, struct nameserver *n)
{
	size_t len = jvpn_reader_left(r);

	switch (key) {
	case PARAM_MANDATORY:
		take_mandatory(r, n);
		break;
	case PARAM_ALPN:
		if (!n->has_name || len == 0)
			jvpn_reader_fail(r, JVPN_EMALFORMED);
		break;
	case PARAM_NO_DEFAULT_ALPN:
		if (!n->has_name || len != 0)
			jvpn_reader_fail(r, JVPN_EMALFORMED);
		n->is_plain = false;
		break;
	case PARAM_PORT:
		if (len != 2)
			jvpn_reader_fail(r, JVPN_EMALFORMED);
		else if (jvpn_reader_u16(r) != DNS_PORT)
			n->is_plain = false;
		break;
	case PARAM_HINT4:
	case PARAM_HINT6:
		jvpn_reader_fail(r, JVPN_EMALFORMED);
		break;
	default:
		break;
	}
}

/* In ascending order, each once (RFC 9460 section 2.2). */
static void take_parameters(struct jvpn_reader *r, struct nameserver *n)
{
	uint64_t len = jvpn_varint_read(r);
	struct jvpn_reader all, one;
	int32_t last = -1;

	if (len > jvpn_reader_left(r)) {
		jvpn_reader_fail(r, JVPN_ETRUNCATED);
		return;
	}
	jvpn_reader_init(&all, jvpn_reader_skip(r, (size_t)len), (size_t)len);
	while (!r->err && jvpn_reader_left(&all) > 0) {
		uint16_t key = jvpn_reader_u16(&all);
		uint16_t value_len = jvpn_reader_u16(&all);
		const uint8_t *value = jvpn_reader_skip(&all, value_len);

		if (all.err || (int32_t)key <= last) {
			jvpn_reader_fail(r, JVPN_EMALFORMED);
			return;
		}
		last = key;
		jvpn_reader_init(&one, value, value_len);
		take_parameter(&one, key, n);
		if (one.err)
			jvpn_reader_fail(r, JVPN_EMALFORMED);
	}
}

/* Behind those of the same or a better priority. */
static void add_server(struct configuration *c, const struct jvpn_dnsassign_server *server,
		       uint16_t priority)
{
	size_t at = c->out->server_count;

	if (at == JVPN_DNSASSIGN_SERVERS_MAX) {
		c->out->has_more = true;
		return;
	}
	for (; at > 0 && c->priority[at - 1] > priority; at--) {
		c->priority[at] = c->priority[at - 1];
		c->out->server[at] = c->out->server[at - 1];
	}
	c->priority[at] = priority;
	c->out->server[at] = *server;
	c->out->server_count++;
}

static void take_nameserver(struct jvpn_reader *r, struct configuration *c)
{
	struct nameserver n = {.is_plain = true};
	size_t len;

	n.priority = jvpn_reader_u16(r);
	take_addresses(r, 4, &n, &c->out->has_more);
	take_addresses(r, 6, &n, &c->out->has_more);
	(void)take_name(r, &len);
	n.has_name = len > 0;
	take_parameters(r, &n);
	if (r->err)
		return;
	if (n.priority == 0 || (n.count == 0 && !n.has_name)) {
		jvpn_reader_fail(r, JVPN_EMALFORMED);
		return;
	}
	if (!n.is_plain)
		c->out->has_more = true;
	for (size_t i = 0; n.is_plain && i < n.count; i++)
		add_server(c, &n.address[i], n.priority);
}

static void take_configuration(struct jvpn_reader *r, struct jvpn_dnsassign *out)
{
	struct configuration c = {.out = out};
	uint64_t count = jvpn_varint_read(r);

	for (uint64_t i = 0; i < count && !r->err; i++)
		take_nameserver(r, &c);
	take_domains(r, &out->internal, true, &out->has_more);
	take_domains(r, &out->search, false, &out->has_more);
}

int jvpn_dnsassign_decode(struct jvpn_reader *r, struct jvpn_dnsassign *out)
{
	static const struct jvpn_dnsassign none;
	struct jvpn_dnsassign first = none, next;
	bool has_more = false;

	while (!r->err && jvpn_reader_left(r) > 0) {
		next = none;
		take_configuration(r, &next);
		has_more = has_more || next.has_more || first.server_count > 0;
		if (first.server_count == 0)
			first = next.server_count > 0 ? next : none;
	}
	if (jvpn_reader_finish(r))
		return jvpn_reader_finish(r);
	*out = first;
	out->has_more = has_more;
	return 0;
}

/* ---- encoding ---- */

static void put_name(struct jvpn_writer *w, const char *name)
{
	size_t len = strlen(name);

	jvpn_varint_write(w, len);
	jvpn_writer_bytes(w, name, len);
}

static void put_server(struct jvpn_writer *w, const struct jvpn_dnsassign_server *server,
		       uint16_t priority)
{
	bool is4 = server->version == 4;

	jvpn_writer_u16(w, priority);
	jvpn_varint_write(w, is4);
	jvpn_writer_bytes(w, server->address, is4 ? 4 : 0);
	jvpn_varint_write(w, !is4);
	jvpn_writer_bytes(w, server->address, is4 ? 0 : 16);
	put_name(w, "");
	jvpn_varint_write(w, 0);
}

static bool domains_are_valid(const struct jvpn_dnsassign_domains *domains, bool root_ok)
{
	if (domains->count > JVPN_DNSASSIGN_DOMAINS_MAX)
		return false;
	for (size_t i = 0; i < domains->count; i++)
		if (!(root_ok && !domains->name[i][0]) && !jvpn_dnsassign_is_name(domains->name[i]))
			return false;
	return true;
}

static void put_domains(struct jvpn_writer *w, const struct jvpn_dnsassign_domains *domains)
{
	jvpn_varint_write(w, domains->count);
	for (size_t i = 0; i < domains->count; i++)
		put_name(w, domains->name[i]);
}

int jvpn_dnsassign_encode(const struct jvpn_dnsassign *in, struct jvpn_writer *w)
{
	if (in->server_count > JVPN_DNSASSIGN_SERVERS_MAX ||
	    !domains_are_valid(&in->internal, true) || !domains_are_valid(&in->search, false))
		return JVPN_EINVAL;
	for (size_t i = 0; i < in->server_count; i++)
		if (!jvpn_dnsassign_is_server(in->server[i].version, in->server[i].address))
			return JVPN_EINVAL;
	if (in->server_count == 0)
		return w->err;
	jvpn_varint_write(w, in->server_count);
	for (size_t i = 0; i < in->server_count; i++)
		put_server(w, &in->server[i], (uint16_t)(i + 1));
	put_domains(w, &in->internal);
	put_domains(w, &in->search);
	return w->err;
}
