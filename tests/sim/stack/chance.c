/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Dice of the world, and what takes the place of the kernel's clock and randomness below the
 * programs, wolfSSL included: calls of these functions are redirected to here by the linker (--wrap in
 * local.mk), in this program only. For tests only.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "stack.h"

/* 2026-11-21: inside the certificates' dates, for they are made at this time. */
#define WALL_BASE_S 1795219200ULL

int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
time_t __wrap_time(time_t *out);
int __wrap_gettimeofday(struct timeval *tv, void *zone);
ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags);
pid_t __wrap_getpid(void);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
		       struct addrinfo **out);
void __wrap_freeaddrinfo(struct addrinfo *list);
unsigned __wrap_if_nametoindex(const char *name);

uint64_t stack_between(uint64_t low, uint64_t high)
{
	return low + jvpn_rng_below(&stack.rng, high - low + 1);
}

bool stack_chance(uint32_t ppm)
{
	return jvpn_rng_below(&stack.rng, 1000000) < ppm;
}

uint64_t stack_wall_ms(void)
{
	return WALL_BASE_S * 1000 + stack.now_ns / STACK_MS;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	uint64_t ns = stack.now_ns;

	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
		ns += WALL_BASE_S * JVPN_NS_PER_S;
	ts->tv_sec = (time_t)(ns / JVPN_NS_PER_S);
	ts->tv_nsec = (long)(ns % JVPN_NS_PER_S);
	return 0;
}

time_t __wrap_time(time_t *out)
{
	time_t now = (time_t)(stack_wall_ms() / 1000);

	if (out)
		*out = now;
	return now;
}

int __wrap_gettimeofday(struct timeval *tv, void *zone)
{
	(void)zone;
	tv->tv_sec = (time_t)(stack_wall_ms() / 1000);
	tv->tv_usec = (suseconds_t)(stack.now_ns / 1000 % 1000000);
	return 0;
}

ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags)
{
	uint8_t *at = out;

	(void)flags;
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(jvpn_rng_u64(&stack.secret) >> 32);
	return (ssize_t)len;
}

pid_t __wrap_getpid(void)
{
	return 1 + (stack.current ? stack.current->index : 0);
}

/* The programs' run-time directory is the machine's, not ours. */
int __wrap_mkdir(const char *path, mode_t mode)
{
	int __real_mkdir(const char *p, mode_t m);

	return strncmp(path, "/tmp/", 5) ? 0 : __real_mkdir(path, mode);
}

/* Literal IPv4 addresses only, whatever the machine's own network is. */
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
		       struct addrinfo **out)
{
	struct addrinfo *ai = calloc(1, sizeof(*ai) + sizeof(struct sockaddr_in));
	struct sockaddr_in *in = (struct sockaddr_in *)(ai + 1);
	unsigned a, b, c, d;

	(void)hints;
	if (sscanf(host, "%u.%u.%u.%u", &a, &b, &c, &d) != 4) {
		free(ai);
		return EAI_NONAME;
	}
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(STACK_INNET(a, b, c, d));
	in->sin_port = htons((uint16_t)(service ? atoi(service) : 0));
	ai->ai_family = AF_INET;
	ai->ai_socktype = SOCK_DGRAM;
	ai->ai_addr = (struct sockaddr *)in;
	ai->ai_addrlen = sizeof(*in);
	*out = ai;
	return 0;
}

unsigned __wrap_if_nametoindex(const char *name)
{
	unsigned l;

	return sscanf(name, "link%u", &l) == 1 && l < stack.current->links ? l + 1 : 0;
}

void __wrap_freeaddrinfo(struct addrinfo *list)
{
	free(list);
}
