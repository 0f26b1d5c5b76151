/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The 128-bit session id and its lower-case hex form.
 */
#ifndef JVPN_BASE_ID_H
#define JVPN_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define JVPN_ID_BYTES   16
#define JVPN_ID_HEX_LEN 32 /* without the final NUL */

struct jvpn_id {
	uint8_t b[JVPN_ID_BYTES];
};

static inline bool jvpn_id_equal(const struct jvpn_id *a, const struct jvpn_id *b)
{
	return memcmp(a->b, b->b, JVPN_ID_BYTES) == 0;
}

/* Writes 32 lower-case hex digits and a NUL. */
void jvpn_id_format(const struct jvpn_id *id, char out[JVPN_ID_HEX_LEN + 1]);
/* Takes exactly 32 lower-case hex digits; JVPN_EMALFORMED otherwise, *id untouched. */
int jvpn_id_parse(const char *text, struct jvpn_id *id);

#endif
