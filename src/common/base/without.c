/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asked when a feature is probed, never on the way of a packet.
 */
#include "base/without.h"

#include <stdlib.h>
#include <string.h>

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

bool jvpn_without(const char *feature)
{
	const char *list = getenv("JVPN_WITHOUT");
	size_t len = strlen(feature);

	for (const char *at = list ? strstr(list, feature) : NULL; at; at = strstr(at + 1, feature))
		if ((at == list || !is_letter(at[-1])) && !is_letter(at[len]))
			return true;
	return false;
}
