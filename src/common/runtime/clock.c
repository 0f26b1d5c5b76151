/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Clock readings. Nothing else may call clock_gettime.
 */
#include "runtime/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

static uint64_t read_ns(clockid_t id)
{
	struct timespec ts;

	/* Cannot fail for these ids with a valid pointer (clock_gettime(2)). */
	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * JVPN_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t jvpn_clock_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

uint64_t jvpn_clock_wall_ms(void)
{
	return read_ns(CLOCK_REALTIME) / JVPN_NS_PER_MS;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "8-4-4-4-12" hex digits. */
static void parse_boot_id(const char *text, uint8_t out[JVPN_BOOT_ID_BYTES])
{
	size_t digits = 0;

	for (; *text && digits < 2 * JVPN_BOOT_ID_BYTES; text++) {
		int v = hex_digit(*text);

		if (v < 0)
			continue;
		out[digits / 2] = (uint8_t)(out[digits / 2] << 4 | v);
		digits++;
	}
}

void jvpn_clock_stamp(struct jvpn_stamp *stamp)
{
	char text[64] = "";
	int fd = open(BOOT_ID_PATH, O_RDONLY | O_CLOEXEC);

	memset(stamp, 0, sizeof(*stamp));
	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) > 0)
			parse_boot_id(text, stamp->boot_id);
		close(fd);
	}
	stamp->boottime_ms = read_ns(CLOCK_BOOTTIME) / JVPN_NS_PER_MS;
	stamp->wall_ms = jvpn_clock_wall_ms();
}

uint64_t jvpn_clock_slept_ns(void)
{
	/* First: waiting between the two makes it less, not more. */
	uint64_t boot_ns = read_ns(CLOCK_BOOTTIME);

	return jvpn_time_since(boot_ns, read_ns(CLOCK_MONOTONIC));
}
