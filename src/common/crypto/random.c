/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Randomness of the kernel. Never falls back to anything weaker.
 */
#include "crypto/random.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>

#include "base/err.h"

int jvpn_random(void *out, size_t len)
{
	uint8_t *at = out;
	size_t left = len;

	while (left > 0) {
		ssize_t n = getrandom(at, left, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			memset(out, 0, len);
			return JVPN_EIO;
		}
		at += n;
		left -= (size_t)n;
	}
	return 0;
}
