/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Wall-clock seconds as dates (UTC, RFC 3339) for certificates, token expiry and messages. Reads no
 * clock and no time zone.
 */
#ifndef JVPN_BASE_DATE_H
#define JVPN_BASE_DATE_H

#include <stddef.h>
#include <stdint.h>

/* "2026-11-21T10:00:00Z" and a NUL */
#define JVPN_DATE_SIZE 21
/* 9999-12-31T23:59:59Z: the last second that has four digits in its year. */
#define JVPN_DATE_MAX_S UINT64_C(253402300799)

/* One point in time, UTC, proleptic Gregorian. Ranges as RFC 3339 section 5.6 has them. */
struct jvpn_date {
	uint16_t year; /* 1970..9999 */
	uint8_t month, day, hour, minute, second;
};

/* Seconds since 1970 to a date; later than JVPN_DATE_MAX_S becomes JVPN_DATE_MAX_S. */
void jvpn_date_from_seconds(uint64_t seconds, struct jvpn_date *date);
/* JVPN_ERANGE for a date that does not exist (February 30th, second 60, year 1969). */
int jvpn_date_to_seconds(const struct jvpn_date *date, uint64_t *seconds);
/* RFC 3339 in UTC. */
void jvpn_date_format(uint64_t seconds, char out[JVPN_DATE_SIZE]);
/* "2026-11-21" (its first second), or "2026-11-21T10:00:00Z". Nothing before or behind it, no other
 * offset than Z. JVPN_EMALFORMED, JVPN_ERANGE. */
int jvpn_date_parse(const char *text, size_t len, uint64_t *seconds);

#endif
