/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Connection ID layout: octet 0, server id, worker id, random (wire.md "Connection IDs").
 */
#include "proto/cid.h"

#include <string.h>

#include "base/err.h"

#define CONFIG_SHIFT 5
#define LENGTH_MASK  0x1fU
/* Octets of an Initial's DCID that has no prefix to follow. */
#define INITIAL_RANDOM_LEN 18

int jvpn_cid_layout_check(const struct jvpn_cid_layout *layout)
{
	if (layout->config_id > JVPN_CID_CONFIG_ID_MAX ||
	    layout->server_id_len > JVPN_CID_SERVER_ID_MAX ||
	    layout->random_len < JVPN_CID_RANDOM_MIN || jvpn_cid_len(layout) > JVPN_CID_MAX)
		return JVPN_EINVAL;
	return 0;
}

/* Octets before the random part. */
static size_t prefix_len(const struct jvpn_cid_layout *layout)
{
	return 2U + layout->server_id_len;
}

size_t jvpn_cid_len(const struct jvpn_cid_layout *layout)
{
	return prefix_len(layout) + layout->random_len;
}

/* Writes octet 0, server id and worker id; 'low' fills the five low bits. */
static void prefix_write(const struct jvpn_cid_layout *layout, uint8_t worker_id, size_t low,
			 uint8_t *out)
{
	out[0] = (uint8_t)((unsigned int)layout->config_id << CONFIG_SHIFT | (low & LENGTH_MASK));
	memcpy(out + 1, layout->server_id, layout->server_id_len);
	out[1 + layout->server_id_len] = worker_id;
}

int jvpn_cid_make(const struct jvpn_cid_layout *layout, uint8_t worker_id, const uint8_t *random,
		  struct jvpn_cid *out)
{
	size_t len = jvpn_cid_len(layout);

	if (jvpn_cid_layout_check(layout))
		return JVPN_EINVAL;
	memset(out, 0, sizeof(*out));
	prefix_write(layout, worker_id, layout->encode_len ? len - 1 : random[0], out->b);
	memcpy(out->b + prefix_len(layout), random + 1, layout->random_len);
	out->len = (uint8_t)len;
	return 0;
}

int jvpn_cid_parse(const struct jvpn_cid_layout *layout, const uint8_t *cid, size_t len,
		   struct jvpn_cid_route *out)
{
	if (len < prefix_len(layout) + JVPN_CID_RANDOM_MIN || len > JVPN_CID_MAX)
		return JVPN_ETRUNCATED;
	out->config_id = cid[0] >> CONFIG_SHIFT;
	out->server_id = cid + 1;
	out->worker_id = cid[1 + layout->server_id_len];
	out->is_local = out->config_id == layout->config_id &&
			memcmp(cid + 1, layout->server_id, layout->server_id_len) == 0;
	return 0;
}

int jvpn_cid_route_prefix(const struct jvpn_cid_layout *layout, uint8_t worker_id,
			  uint8_t out[JVPN_ROUTE_PREFIX_MAX])
{
	if (jvpn_cid_layout_check(layout))
		return JVPN_EINVAL;
	memset(out, 0, JVPN_ROUTE_PREFIX_MAX);
	prefix_write(layout, worker_id, prefix_len(layout) + JVPN_CID_RANDOM_MIN - 1, out);
	return (int)prefix_len(layout);
}

size_t jvpn_cid_initial_random_len(size_t prefix_octets)
{
	return prefix_octets ? JVPN_CID_RANDOM_MIN : INITIAL_RANDOM_LEN;
}

int jvpn_cid_make_initial(const uint8_t *prefix, size_t prefix_octets, const uint8_t *random,
			  struct jvpn_cid *out)
{
	size_t random_len = jvpn_cid_initial_random_len(prefix_octets);

	if (prefix_octets > JVPN_ROUTE_PREFIX_MAX)
		return JVPN_EINVAL;
	memset(out, 0, sizeof(*out));
	if (prefix_octets)
		memcpy(out->b, prefix, prefix_octets);
	memcpy(out->b + prefix_octets, random, random_len);
	out->len = (uint8_t)(prefix_octets + random_len);
	return 0;
}
