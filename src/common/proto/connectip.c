/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * CONNECT-IP capsule values, datagram prefix and request path (RFC 9484 sections 3, 4.7 and 6).
 */
#include "proto/connectip.h"

#include <string.h>

#include "base/err.h"
#include "proto/varint.h"

#define PROTOCOL_ICMP   1
#define PROTOCOL_ICMPV6 58

static size_t address_bytes(uint8_t version)
{
	return version == 4 ? 4 : 16;
}

static bool version_is_valid(uint8_t version)
{
	return version == 4 || version == 6;
}

/* Are all bits of the address beyond the prefix zero, and the octets IPv4 does not use? */
static bool prefix_is_valid(const struct jvpn_connectip_address *a)
{
	size_t bit = a->prefix_len;

	if (!version_is_valid(a->version) || bit > address_bytes(a->version) * 8)
		return false;
	if (bit % 8 && (a->address[bit / 8] & (0xffU >> bit % 8)))
		return false;
	for (size_t i = (bit + 7) / 8; i < sizeof(a->address); i++)
		if (a->address[i])
			return false;
	return true;
}

static bool id_is_used(const struct jvpn_connectip_addresses *list, size_t count, uint64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (list->address[i].request_id == id)
			return true;
	return false;
}

static bool request_ids_are_valid(const struct jvpn_connectip_addresses *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->address[i].request_id == 0 ||
		    id_is_used(list, i, list->address[i].request_id))
			return false;
	return list->count > 0;
}

static void address_decode(struct jvpn_reader *r, struct jvpn_connectip_address *a)
{
	memset(a, 0, sizeof(*a));
	a->request_id = jvpn_varint_read(r);
	a->version = jvpn_reader_u8(r);
	if (!r->err && !version_is_valid(a->version)) {
		jvpn_reader_fail(r, JVPN_EMALFORMED);
		return;
	}
	jvpn_reader_bytes(r, a->address, address_bytes(a->version));
	a->prefix_len = jvpn_reader_u8(r);
	if (!r->err && !prefix_is_valid(a))
		jvpn_reader_fail(r, JVPN_EMALFORMED);
}

static int addresses_decode(struct jvpn_reader *r, struct jvpn_connectip_addresses *list)
{
	memset(list, 0, sizeof(*list));
	while (jvpn_reader_left(r) > 0) {
		if (list->count == JVPN_CONNECTIP_ADDRESSES_MAX)
			return JVPN_EFULL;
		address_decode(r, &list->address[list->count++]);
	}
	return jvpn_reader_finish(r);
}

static int addresses_encode(const struct jvpn_connectip_addresses *in, struct jvpn_writer *w)
{
	for (size_t i = 0; i < in->count; i++) {
		const struct jvpn_connectip_address *a = &in->address[i];

		if (!prefix_is_valid(a) || a->request_id > JVPN_VARINT_MAX)
			return JVPN_EINVAL;
		jvpn_varint_write(w, a->request_id);
		jvpn_writer_u8(w, a->version);
		jvpn_writer_bytes(w, a->address, address_bytes(a->version));
		jvpn_writer_u8(w, a->prefix_len);
	}
	return w->err;
}

int jvpn_connectip_assign_decode(struct jvpn_reader *r, struct jvpn_connectip_addresses *out)
{
	struct jvpn_connectip_addresses list;
	int err = addresses_decode(r, &list);

	if (!err)
		*out = list;
	return err;
}

int jvpn_connectip_assign_encode(const struct jvpn_connectip_addresses *in, struct jvpn_writer *w)
{
	if (in->count > JVPN_CONNECTIP_ADDRESSES_MAX)
		return JVPN_EINVAL;
	return addresses_encode(in, w);
}

int jvpn_connectip_request_decode(struct jvpn_reader *r, struct jvpn_connectip_addresses *out)
{
	struct jvpn_connectip_addresses list;
	int err = addresses_decode(r, &list);

	if (err)
		return err;
	if (!request_ids_are_valid(&list))
		return JVPN_EMALFORMED;
	*out = list;
	return 0;
}

int jvpn_connectip_request_encode(const struct jvpn_connectip_addresses *in, struct jvpn_writer *w)
{
	if (in->count > JVPN_CONNECTIP_ADDRESSES_MAX || !request_ids_are_valid(in))
		return JVPN_EINVAL;
	return addresses_encode(in, w);
}

static bool route_is_valid(const struct jvpn_connectip_route *route)
{
	size_t n = address_bytes(route->version);

	if (!version_is_valid(route->version) || memcmp(route->start, route->end, n) > 0)
		return false;
	for (size_t i = n; i < sizeof(route->start); i++)
		if (route->start[i] || route->end[i])
			return false;
	return true;
}

/* May b follow a (RFC 9484 section 4.7.3)? */
static bool route_is_ordered(const struct jvpn_connectip_route *a,
			     const struct jvpn_connectip_route *b)
{
	if (a->version != b->version)
		return a->version < b->version;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol;
	return memcmp(a->end, b->start, address_bytes(a->version)) < 0;
}

static bool routes_are_valid(const struct jvpn_connectip_routes *routes)
{
	for (size_t i = 0; i < routes->count; i++) {
		if (!route_is_valid(&routes->route[i]))
			return false;
		if (i > 0 && !route_is_ordered(&routes->route[i - 1], &routes->route[i]))
			return false;
	}
	return true;
}

static void route_decode(struct jvpn_reader *r, struct jvpn_connectip_route *route)
{
	route->version = jvpn_reader_u8(r);
	if (!r->err && !version_is_valid(route->version)) {
		jvpn_reader_fail(r, JVPN_EMALFORMED);
		return;
	}
	jvpn_reader_bytes(r, route->start, address_bytes(route->version));
	jvpn_reader_bytes(r, route->end, address_bytes(route->version));
	route->protocol = jvpn_reader_u8(r);
}

int jvpn_connectip_routes_decode(struct jvpn_reader *r, struct jvpn_connectip_routes *out)
{
	struct jvpn_connectip_routes routes;
	int err;

	memset(&routes, 0, sizeof(routes));
	while (jvpn_reader_left(r) > 0) {
		if (routes.count == JVPN_CONNECTIP_ROUTES_MAX)
			return JVPN_EFULL;
		route_decode(r, &routes.route[routes.count++]);
	}
	err = jvpn_reader_finish(r);
	if (err)
		return err;
	if (!routes_are_valid(&routes))
		return JVPN_EMALFORMED;
	*out = routes;
	return 0;
}

int jvpn_connectip_routes_encode(const struct jvpn_connectip_routes *in, struct jvpn_writer *w)
{
	if (in->count > JVPN_CONNECTIP_ROUTES_MAX || !routes_are_valid(in))
		return JVPN_EINVAL;
	for (size_t i = 0; i < in->count; i++) {
		const struct jvpn_connectip_route *route = &in->route[i];

		jvpn_writer_u8(w, route->version);
		jvpn_writer_bytes(w, route->start, address_bytes(route->version));
		jvpn_writer_bytes(w, route->end, address_bytes(route->version));
		jvpn_writer_u8(w, route->protocol);
	}
	return w->err;
}

bool jvpn_connectip_routes_allow(const struct jvpn_connectip_routes *routes, uint8_t version,
				 const uint8_t *address, uint8_t protocol)
{
	bool is_icmp = protocol == (version == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6);
	size_t n = address_bytes(version);

	for (size_t i = 0; i < routes->count; i++) {
		const struct jvpn_connectip_route *route = &routes->route[i];

		if (route->version != version || memcmp(address, route->start, n) < 0 ||
		    memcmp(address, route->end, n) > 0)
			continue;
		if (route->protocol == 0 || route->protocol == protocol || is_icmp)
			return true;
	}
	return false;
}

int jvpn_connectip_dgram_decode(struct jvpn_reader *r, uint64_t *stream_id, uint64_t *context_id)
{
	uint64_t quarter = jvpn_varint_read(r);
	uint64_t context = jvpn_varint_read(r);

	if (!r->err && quarter > JVPN_VARINT_MAX / 4)
		jvpn_reader_fail(r, JVPN_EMALFORMED);
	if (r->err)
		return r->err;
	*stream_id = quarter * 4;
	*context_id = context;
	return 0;
}

int jvpn_connectip_dgram_encode(uint64_t stream_id, struct jvpn_writer *w)
{
	if (stream_id % 4 != 0 || stream_id > JVPN_VARINT_MAX)
		return JVPN_EINVAL;
	jvpn_varint_write(w, stream_id / 4);
	jvpn_varint_write(w, JVPN_CONNECTIP_CONTEXT_IP);
	return w->err;
}

/* Length of a "*" at the start of the text, plain or encoded; 0 when there is none. */
static size_t star_len(const char *text, size_t len)
{
	if (len >= 1 && text[0] == '*')
		return 1;
	if (len >= 3 && text[0] == '%' && text[1] == '2' && (text[2] == 'A' || text[2] == 'a'))
		return 3;
	return 0;
}

bool jvpn_connectip_path_is_full_tunnel(const char *path, size_t len)
{
	static const char prefix[] = "/.well-known/masque/ip/";
	size_t at = sizeof(prefix) - 1;

	if (len < at || memcmp(path, prefix, at) != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		size_t star = star_len(path + at, len - at);

		at += star;
		if (star == 0 || at >= len || path[at] != '/')
			return false;
		at++;
	}
	return at == len;
}
