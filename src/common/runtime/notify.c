/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Datagrams to the service manager. Knows no sessions.
 */
#include "runtime/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"

#define MESSAGE_MAX 320
/* The manager reads its socket whenever it has time; a full one must not hold us up for good. */
#define NOTIFY_WAIT_MS 200
/* Whatever is asked for, the loop is not woken more often. */
#define WATCHDOG_MIN_NS (20 * JVPN_NS_PER_MS)
/* After a sign of life that could not be given, or was not heard. */
#define RETRY_NS (100 * JVPN_NS_PER_MS)

/* "/path", or "@name" for the abstract namespace, whose names have no end but their length. */
static int parse_address(const char *text, struct jvpn_notify *notify)
{
	size_t len = strlen(text);

	if ((text[0] != '/' && text[0] != '@') || len < 2 ||
	    len >= sizeof(notify->address.sun_path))
		return JVPN_EINVAL;
	notify->address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(notify->address.sun_path, text, len);
	notify->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (text[0] == '@')
		notify->address.sun_path[0] = '\0';
	else
		notify->address_len++;
	return 0;
}

static bool parse_number(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return !errno && *end == '\0' && text[0] >= '0' && text[0] <= '9';
}

/* Meant for another process (a wrapper's), or nonsense: none. */
static uint64_t read_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t value, whose;

	if (!usec)
		return 0;
	if (!parse_number(usec, &value) || value == 0 || value > UINT64_MAX / JVPN_NS_PER_US ||
	    (pid && !parse_number(pid, &whose))) {
		jvpn_log_warn(JVPN_LOG_MAIN,
			      "WATCHDOG_USEC or WATCHDOG_PID is no number: no watchdog");
		return 0;
	}
	if (pid && whose != (uint64_t)getpid())
		return 0;
	return jvpn_time_max(value * JVPN_NS_PER_US / 2, WATCHDOG_MIN_NS);
}

static int open_socket(void)
{
	struct timeval wait = {.tv_usec = NOTIFY_WAIT_MS * 1000};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	return fd;
}

void jvpn_notify_open(struct jvpn_notify *notify)
{
	const char *where = getenv("NOTIFY_SOCKET");
	uint64_t watchdog_ns = read_watchdog();

	*notify = (struct jvpn_notify){.fd = -1};
	if (where && where[0] && parse_address(where, notify))
		jvpn_log_warn(JVPN_LOG_MAIN, "NOTIFY_SOCKET is neither a path nor @name: ignored");
	else if (where && where[0])
		notify->fd = open_socket();
	notify->is_on = notify->fd >= 0;
	notify->watchdog_ns = notify->is_on ? watchdog_ns : 0;
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

void jvpn_notify_close(struct jvpn_notify *notify)
{
	if (notify->is_on)
		close(notify->fd);
	*notify = (struct jvpn_notify){.fd = -1};
}

/* A manager that is gone, or is another one now, is no reason to stop. */
static bool __attribute__((format(printf, 3, 4)))
tell(const struct jvpn_notify *notify, int flags, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;
	int len;

	if (!notify->is_on)
		return true;
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(text))
		return true;
	if (sendto(notify->fd, text, (size_t)len, MSG_NOSIGNAL | flags,
		   (const struct sockaddr *)&notify->address, notify->address_len) >= 0)
		return true;
	jvpn_log_debug(JVPN_LOG_MAIN, "the service manager does not hear: %s", strerror(errno));
	return false;
}

void jvpn_notify_ready(const struct jvpn_notify *notify)
{
	(void)tell(notify, 0, "READY=1");
}

/* MONOTONIC_USEC: Type=notify-reload of later systemds tells reloads apart by it. */
void jvpn_notify_reloading(const struct jvpn_notify *notify, uint64_t now_ns)
{
	(void)tell(notify, 0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		   (uint64_t)(now_ns / JVPN_NS_PER_US));
}

void jvpn_notify_stopping(const struct jvpn_notify *notify)
{
	(void)tell(notify, 0, "STOPPING=1");
}

bool jvpn_notify_wants_status(struct jvpn_notify *notify, uint64_t now_ns)
{
	if (!notify->is_on)
		return false;
	notify->status_waits = now_ns < notify->status_at_ns;
	return !notify->status_waits;
}

void jvpn_notify_status(struct jvpn_notify *notify, const char *text, uint64_t now_ns)
{
	size_t len = 0;
	char line[JVPN_NOTIFY_STATUS_MAX];

	if (!notify->is_on)
		return;
	/* A newline would begin another assignment. */
	for (; text[len] && len < sizeof(line) - 1; len++)
		line[len] = (unsigned char)text[len] < ' ' || text[len] == 0x7f ? ' ' : text[len];
	line[len] = '\0';
	if (strcmp(line, notify->status) == 0)
		return;
	memcpy(notify->status, line, len + 1);
	notify->status_at_ns = jvpn_time_add(now_ns, JVPN_NOTIFY_STATUS_NS);
	if (tell(notify, MSG_DONTWAIT, "STATUS=%s", line))
		return;
	notify->status[0] = '\0';
	notify->status_waits = true;
}

bool jvpn_notify_alive_is_due(const struct jvpn_notify *notify, uint64_t now_ns)
{
	return notify->watchdog_ns && now_ns >= notify->alive_at_ns;
}

void jvpn_notify_alive(struct jvpn_notify *notify, bool is_alive, uint64_t now_ns)
{
	bool is_told = notify->watchdog_ns && is_alive && tell(notify, MSG_DONTWAIT, "WATCHDOG=1");

	notify->alive_at_ns = jvpn_time_add(now_ns, is_told ? notify->watchdog_ns : RETRY_NS);
}

uint64_t jvpn_notify_next_deadline(const struct jvpn_notify *notify)
{
	uint64_t at = notify->status_waits ? notify->status_at_ns : JVPN_TIME_NEVER;

	return notify->watchdog_ns ? jvpn_time_min(at, notify->alive_at_ns) : at;
}
