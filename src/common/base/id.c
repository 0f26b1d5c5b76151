/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Session id to hex and back.
 */
#include "base/id.h"

#include "base/err.h"

void jvpn_id_format(const struct jvpn_id *id, char out[JVPN_ID_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < JVPN_ID_BYTES; i++) {
		out[2 * i] = digits[id->b[i] >> 4];
		out[2 * i + 1] = digits[id->b[i] & 15];
	}
	out[JVPN_ID_HEX_LEN] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int jvpn_id_parse(const char *text, struct jvpn_id *id)
{
	struct jvpn_id parsed;

	if (strlen(text) != JVPN_ID_HEX_LEN)
		return JVPN_EMALFORMED;
	for (size_t i = 0; i < JVPN_ID_BYTES; i++) {
		int hi = hex_value(text[2 * i]);
		int lo = hex_value(text[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return JVPN_EMALFORMED;
		parsed.b[i] = (uint8_t)(hi << 4 | lo);
	}
	*id = parsed;
	return 0;
}
