/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ticks are 1, 2 or 5 times a power of ten below a second, and what clocks have above it.
 */
#include "audit/scale.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"

#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static const uint64_t steps[] = {
	1,           2,        5,          10,         20,          50,          100,
	200,         500,      SECOND,     2 * SECOND, 5 * SECOND,  10 * SECOND, 15 * SECOND,
	30 * SECOND, MINUTE,   2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
	HOUR,        2 * HOUR, 3 * HOUR,   6 * HOUR,   12 * HOUR,   DAY,         2 * DAY,
	7 * DAY,     14 * DAY, 28 * DAY,   91 * DAY,   182 * DAY,   365 * DAY,
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

void jvpn_scale_init(struct jvpn_scale *s, uint64_t from_ms, uint64_t to_ms, unsigned cells,
		     unsigned ticks)
{
	size_t i = 0;

	s->from_ms = from_ms;
	s->span_ms = to_ms > from_ms ? to_ms - from_ms : 1;
	s->cells = cells ? cells : 1;
	ticks = ticks ? ticks : 1;
	while (i + 1 < STEPS && s->span_ms / steps[i] > ticks)
		i++;
	s->step_ms = steps[i];
	while (s->span_ms / s->step_ms > ticks && s->step_ms <= UINT64_MAX / 10)
		s->step_ms *= 10;
}

double jvpn_scale_place(const struct jvpn_scale *s, uint64_t ts_ms, double length)
{
	uint64_t since = ts_ms > s->from_ms ? ts_ms - s->from_ms : 0;

	if (since > s->span_ms)
		since = s->span_ms;
	return (double)since / (double)s->span_ms * length;
}

unsigned jvpn_scale_cell(const struct jvpn_scale *s, uint64_t ts_ms)
{
	unsigned cell = (unsigned)jvpn_scale_place(s, ts_ms, s->cells);

	return cell < s->cells ? cell : s->cells - 1;
}

uint64_t jvpn_scale_begin(const struct jvpn_scale *s, unsigned cell)
{
	if (cell >= s->cells)
		return s->from_ms + s->span_ms;
	return s->from_ms + (uint64_t)((double)s->span_ms * cell / s->cells);
}

/* A part of a whole without zeros behind it: "1.5". */
static void put_part(char *out, uint64_t v, uint64_t scale, const char *unit)
{
	char digits[8];
	unsigned rest = (unsigned)(v % scale);
	int width = scale == 1000 ? 3 : scale == 100 ? 2 : 1;
	int n;

	n = snprintf(digits, sizeof(digits), "%0*u", width, rest % 1000);
	while (n > 0 && digits[n - 1] == '0')
		digits[--n] = '\0';
	snprintf(out, JVPN_SCALE_TEXT_MAX, "%" PRIu64 "%s%s %s", v / scale, n ? "." : "", digits,
		 unit);
}

void jvpn_scale_tick(const struct jvpn_scale *s, uint64_t ms, char out[JVPN_SCALE_TEXT_MAX])
{
	if (ms == 0)
		snprintf(out, JVPN_SCALE_TEXT_MAX, "0");
	else if (s->span_ms < SECOND)
		snprintf(out, JVPN_SCALE_TEXT_MAX, "%" PRIu64 " ms", ms);
	else if (s->span_ms < 2 * MINUTE)
		put_part(out, ms, SECOND, "s");
	else if (s->span_ms < 2 * HOUR)
		snprintf(out, JVPN_SCALE_TEXT_MAX, "%" PRIu64 ":%02" PRIu64 " min", ms / MINUTE,
			 ms % MINUTE / SECOND);
	else if (s->span_ms < 2 * DAY)
		snprintf(out, JVPN_SCALE_TEXT_MAX, "%" PRIu64 ":%02" PRIu64 " h", ms / HOUR,
			 ms % HOUR / MINUTE);
	else if (s->step_ms < DAY)
		snprintf(out, JVPN_SCALE_TEXT_MAX, "%" PRIu64 " d %02" PRIu64 " h", ms / DAY,
			 ms % DAY / HOUR);
	else
		snprintf(out, JVPN_SCALE_TEXT_MAX, "%" PRIu64 " d", ms / DAY);
}

void jvpn_scale_duration(uint64_t ms, char out[JVPN_SCALE_TEXT_MAX])
{
	if (ms < SECOND)
		snprintf(out, JVPN_SCALE_TEXT_MAX, "%" PRIu64 " ms", ms);
	else if (ms < 10 * SECOND)
		put_part(out, ms / 10, 100, "s");
	else if (ms < 2 * MINUTE)
		put_part(out, ms / 100, 10, "s");
	else if (ms < HOUR)
		snprintf(out, JVPN_SCALE_TEXT_MAX, "%" PRIu64 " min %02" PRIu64 " s", ms / MINUTE,
			 ms % MINUTE / SECOND);
	else if (ms < 2 * DAY)
		snprintf(out, JVPN_SCALE_TEXT_MAX, "%" PRIu64 " h %02" PRIu64 " min", ms / HOUR,
			 ms % HOUR / MINUTE);
	else
		snprintf(out, JVPN_SCALE_TEXT_MAX, "%" PRIu64 " d %02" PRIu64 " h", ms / DAY,
			 ms % DAY / HOUR);
}

void jvpn_scale_micros(uint64_t us, char out[JVPN_SCALE_TEXT_MAX])
{
	if (us < 1000)
		put_part(out, us, 1000, "ms");
	else if (us < 100 * 1000)
		put_part(out, us / 100, 10, "ms");
	else
		jvpn_scale_duration(us / 1000, out);
}

void jvpn_scale_instant(uint64_t ts_ms, char out[JVPN_SCALE_TEXT_MAX])
{
	struct jvpn_date d;

	jvpn_date_from_seconds(ts_ms / SECOND, &d);
	snprintf(out, JVPN_SCALE_TEXT_MAX, "%04u-%02u-%02u %02u:%02u:%02u.%03u", d.year, d.month,
		 d.day, d.hour, d.minute, d.second, (unsigned)(ts_ms % SECOND));
}
