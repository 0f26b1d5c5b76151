/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Optimal string alignment distance over short names. No allocation.
 */
#include "config/hint.h"

#include <limits.h>
#include <string.h>

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

unsigned jvpn_hint_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	/* Three rows of the usual matrix: row i lives in i % 3. */
	unsigned row[3][JVPN_HINT_TEXT_MAX + 1];

	if (n > JVPN_HINT_TEXT_MAX || m > JVPN_HINT_TEXT_MAX)
		return UINT_MAX;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			now[j] =
				min3(up[j] + 1, now[j - 1] + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    up2[j - 2] + 1 < now[j])
				now[j] = up2[j - 2] + 1;
		}
	}
	return row[n % 3][m];
}

int jvpn_hint_is_near(const char *a, const char *b, unsigned distance)
{
	size_t longer = strlen(a) > strlen(b) ? strlen(a) : strlen(b);

	return distance <= 1 + longer / 4 && distance < longer;
}
