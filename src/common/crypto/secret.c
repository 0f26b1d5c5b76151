/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The secret type: set, generate, compare, forget. No way to print it.
 */
#include "crypto/secret.h"

#include <string.h>

#include "base/err.h"
#include "crypto/ct.h"
#include "crypto/random.h"
#include "crypto/wipe.h"

int jvpn_secret_set(struct jvpn_secret *secret, const void *data, size_t len)
{
	if (len == 0 || len > JVPN_SECRET_MAX)
		return JVPN_EINVAL;
	jvpn_secret_clear(secret);
	memcpy(secret->b, data, len);
	secret->len = (uint8_t)len;
	return 0;
}

int jvpn_secret_generate(struct jvpn_secret *secret, size_t len)
{
	int err;

	if (len == 0 || len > JVPN_SECRET_MAX)
		return JVPN_EINVAL;
	jvpn_secret_clear(secret);
	err = jvpn_random(secret->b, len);
	if (!err)
		secret->len = (uint8_t)len;
	return err;
}

void jvpn_secret_clear(struct jvpn_secret *secret)
{
	jvpn_wipe(secret, sizeof(*secret));
}

bool jvpn_secret_is_set(const struct jvpn_secret *secret)
{
	return secret->len > 0;
}

bool jvpn_secret_equal(const struct jvpn_secret *a, const struct jvpn_secret *b)
{
	return a->len == b->len && jvpn_ct_equal(a->b, b->b, sizeof(a->b));
}
