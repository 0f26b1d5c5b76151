/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Calendar arithmetic (days from civil, after Howard Hinnant's public algorithms) and RFC 3339.
 */
#include "base/date.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

#define SECONDS_PER_DAY 86400U
#define DAYS_PER_ERA    146097U /* 400 years */
#define DAYS_TO_EPOCH   719468U /* from 0000-03-01 to 1970-01-01 */

void jvpn_date_from_seconds(uint64_t seconds, struct jvpn_date *date)
{
	uint32_t days, rest, era, day_of_era, year_of_era, day_of_year, month;

	if (seconds > JVPN_DATE_MAX_S)
		seconds = JVPN_DATE_MAX_S;
	days = (uint32_t)(seconds / SECONDS_PER_DAY) + DAYS_TO_EPOCH;
	rest = (uint32_t)(seconds % SECONDS_PER_DAY);
	era = days / DAYS_PER_ERA;
	day_of_era = days % DAYS_PER_ERA;
	year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153; /* 0 is March */
	date->day = (uint8_t)(day_of_year - (153 * month + 2) / 5 + 1);
	date->month = (uint8_t)(month < 10 ? month + 3 : month - 9);
	date->year = (uint16_t)(year_of_era + era * 400 + (date->month <= 2 ? 1 : 0));
	date->hour = (uint8_t)(rest / 3600);
	date->minute = (uint8_t)(rest / 60 % 60);
	date->second = (uint8_t)(rest % 60);
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

static bool date_exists(const struct jvpn_date *date)
{
	return date->year >= 1970 && date->year <= 9999 && date->month >= 1 && date->month <= 12 &&
	       date->day >= 1 && date->day <= month_days(date->year, date->month) &&
	       date->hour <= 23 && date->minute <= 59 && date->second <= 59;
}

int jvpn_date_to_seconds(const struct jvpn_date *date, uint64_t *seconds)
{
	uint32_t year, era, year_of_era, month, day_of_year, days;

	if (!date_exists(date))
		return JVPN_ERANGE;
	year = date->year - (date->month <= 2 ? 1U : 0U);
	era = year / 400;
	year_of_era = year % 400;
	month = date->month > 2 ? date->month - 3U : date->month + 9U;
	day_of_year = (153 * month + 2) / 5 + date->day - 1U;
	days = era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - DAYS_TO_EPOCH;
	*seconds = (uint64_t)days * SECONDS_PER_DAY + date->hour * 3600U + date->minute * 60U +
		   date->second;
	return 0;
}

void jvpn_date_format(uint64_t seconds, char out[JVPN_DATE_SIZE])
{
	struct jvpn_date date;

	jvpn_date_from_seconds(seconds, &date);
	snprintf(out, JVPN_DATE_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ",
		 (unsigned)(date.year % 10000), date.month % 100U, date.day % 100U,
		 date.hour % 100U, date.minute % 100U, date.second % 100U);
}

/* Compares the text with a pattern in which 'd' stands for a digit; digits go into value[]. */
static bool take(const char *text, const char *pattern, uint16_t *value)
{
	size_t field = 0;
	bool in_number = false;

	for (size_t i = 0; pattern[i] != '\0'; i++) {
		if (pattern[i] != 'd') {
			if (text[i] != pattern[i])
				return false;
			field += in_number;
			in_number = false;
			continue;
		}
		if (text[i] < '0' || text[i] > '9')
			return false;
		value[field] = (uint16_t)(value[field] * 10 + (text[i] - '0'));
		in_number = true;
	}
	return true;
}

int jvpn_date_parse(const char *text, size_t len, uint64_t *seconds)
{
	uint16_t v[6] = {0};
	struct jvpn_date date;
	bool ok;

	if (len == 10)
		ok = take(text, "dddd-dd-dd", v);
	else if (len == 20)
		ok = take(text, "dddd-dd-ddTdd:dd:ddZ", v);
	else
		return JVPN_EMALFORMED;
	if (!ok)
		return JVPN_EMALFORMED;
	date = (struct jvpn_date){.year = v[0],
				  .month = (uint8_t)v[1],
				  .day = (uint8_t)v[2],
				  .hour = (uint8_t)v[3],
				  .minute = (uint8_t)v[4],
				  .second = (uint8_t)v[5]};
	return jvpn_date_to_seconds(&date, seconds);
}
