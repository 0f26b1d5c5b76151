/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The memory of super-packets. Must not look into them.
 */
#include "tun/super.h"

#include <stdlib.h>

_Static_assert(sizeof(struct jvpn_super) <= JVPN_POOL_LARGE_BYTES, "fits into a large buffer");

struct jvpn_super *jvpn_super_new(struct jvpn_pool *pool)
{
	return pool ? jvpn_pool_take(pool, sizeof(struct jvpn_super))
		    : malloc(sizeof(struct jvpn_super));
}

void jvpn_super_free(struct jvpn_pool *pool, struct jvpn_super *super)
{
	if (pool && super)
		jvpn_pool_give(pool, super, sizeof(*super));
	else
		free(super);
}
