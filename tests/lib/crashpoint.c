/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded into the server by tests/netns/crash: kills the process at the N-th system call that writes
 * to the store, the event file or the network: before it, after it, or in the middle of the data. For
 * tests only.
 *
 * JVPN_CRASH_AT=N      which call, counted over all threads; 0 or missing: never
 * JVPN_CRASH_HOW=H     before, after, torn (writes: half of the data)
 * JVPN_CRASH_LOG=FILE  gets "CALL HOW" in front of the end
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;
static long at;
static const char *how = "before", *log_path;

static void __attribute__((constructor)) read_environment(void)
{
	const char *text = getenv("JVPN_CRASH_AT");

	at = text ? strtol(text, NULL, 10) : 0;
	if (getenv("JVPN_CRASH_HOW"))
		how = getenv("JVPN_CRASH_HOW");
	log_path = getenv("JVPN_CRASH_LOG");
}

static int is_due(void)
{
	return at > 0 && atomic_fetch_add(&calls, 1) + 1 == at;
}

static void __attribute__((noreturn)) die(const char *call)
{
	char line[64];
	int fd = log_path ? open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
	int n = snprintf(line, sizeof(line), "%s %s\n", call, how);
	ssize_t (*real)(int, const void *, size_t) =
		(ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");

	if (fd >= 0 && real)
		(void)!real(fd, line, (size_t)n);
	for (;;)
		kill(getpid(), SIGKILL);
}

/* REAL is the call itself, TORN the call with half of the data. */
#define POINT(name, type, real_call, torn_call)                                                    \
	do {                                                                                       \
		type result;                                                                       \
		int due = is_due();                                                                \
		if (due && strcmp(how, "before") == 0)                                             \
			die(#name);                                                                \
		if (due && strcmp(how, "torn") == 0) {                                             \
			(void)!(torn_call);                                                        \
			die(#name);                                                                \
		}                                                                                  \
		result = (real_call);                                                              \
		if (due)                                                                           \
			die(#name);                                                                \
		return result;                                                                     \
	} while (0)

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t len)
{
	POINT(write, ssize_t, REAL(write)(fd, data, len), REAL(write)(fd, data, len / 2));
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	POINT(pwrite, ssize_t, REAL(pwrite)(fd, data, len, offset),
	      REAL(pwrite)(fd, data, len / 2, offset));
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
	POINT(pwrite64, ssize_t, REAL(pwrite64)(fd, data, len, offset),
	      REAL(pwrite64)(fd, data, len / 2, offset));
}

int fsync(int fd)
{
	POINT(fsync, int, REAL(fsync)(fd), 0);
}

int fdatasync(int fd)
{
	POINT(fdatasync, int, REAL(fdatasync)(fd), 0);
}

int ftruncate64(int fd, off64_t len)
{
	POINT(ftruncate64, int, REAL(ftruncate64)(fd, len), 0);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	POINT(sendmsg, ssize_t, REAL(sendmsg)(fd, msg, flags), 0);
}

int sendmmsg(int fd, struct mmsghdr *msg, unsigned count, int flags)
{
	POINT(sendmmsg, int, REAL(sendmmsg)(fd, msg, count, flags), 0);
}
