/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a program (a mobile app, a router's firmware) embeds jvpn-client: it opens and configures the TUN
 * device itself, starts the client with that descriptor and with one end of a pipe, and reads the
 * event stream. The client needs no privilege then, as long as its own packets are kept out of the
 * tunnel (here by the route: only PREFIX goes into it).
 *
 *	embed JVPN-CLIENT CONFIGURATION DEVICE PREFIX...
 *
 * Prints "state ATTACHED", "address 10.77.0.2", "switch wlan0#1 -> lte0#2", and at the end "ended N".
 * EMBED_UID=N: the client runs as that user. SIGTERM and SIGINT are passed on.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192
#define VALUE_MAX      128
#define MTU            "1280"
#define ARGS_MAX       12

static volatile sig_atomic_t child;

static void pass_on(int signo)
{
	if (child > 0)
		kill(child, signo);
}

static int die(const char *what)
{
	fprintf(stderr, "embed: %s: %s\n", what, strerror(errno));
	return 1;
}

/* On a phone the system does this: VpnService.Builder.establish(), NEPacketTunnelProvider. */
static int open_tun(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &request) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Runs a program with these arguments (no shell); ends the process when it is a child already. */
static void run(bool wait, const char *program, ...)
{
	char *args[ARGS_MAX + 1] = {strdup(program)};
	pid_t pid = wait ? fork() : 0;
	size_t n = 1;
	va_list ap;
	const char *arg;

	va_start(ap, program);
	while ((arg = va_arg(ap, const char *)) && n < ARGS_MAX)
		args[n++] = strdup(arg);
	va_end(ap);
	if (pid == 0) {
		execvp(program, args);
		_exit(127);
	}
	while (n > 0)
		free(args[--n]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* The descriptors of the client must not be close-on-exec, all others should be. */
static void start_client(char **argv, int tun, int events)
{
	char tun_text[32], events_text[32];
	const char *uid = getenv("EMBED_UID");

	snprintf(tun_text, sizeof(tun_text), "fd:%d", tun);
	snprintf(events_text, sizeof(events_text), "%d", events);
	fcntl(tun, F_SETFD, 0);
	fcntl(events, F_SETFD, 0);
	if (uid && (setgroups(0, NULL) || setgid((gid_t)atoi(uid)) || setuid((uid_t)atoi(uid))))
		_exit(126);
	run(false, argv[1], "-c", argv[2], "--tun", tun_text, "--events-fd", events_text, NULL);
}

/* The value of a text member. Values are ASCII with quotes escaped, so the name cannot stand in one. */
static bool member(const char *line, const char *name, char out[VALUE_MAX])
{
	char key[64];
	const char *at;
	size_t len;

	snprintf(key, sizeof(key), "\"%s\":\"", name);
	at = strstr(line, key);
	if (!at)
		return false;
	at += strlen(key);
	len = strcspn(at, "\"");
	if (len >= VALUE_MAX)
		return false;
	memcpy(out, at, len);
	out[len] = '\0';
	return true;
}

static void configure(char **argv, const char *address)
{
	printf("address %s\n", address);
	/* On a phone this, too, is a thing of the system's. */
	run(true, "ip", "address", "replace", address, "dev", argv[3], NULL);
	run(true, "ip", "link", "set", argv[3], "mtu", MTU, "up", NULL);
	for (char **prefix = argv + 4; *prefix; prefix++)
		if (!strchr(*prefix, ':') == !strchr(address, ':'))
			run(true, "ip", "route", "replace", *prefix, "dev", argv[3], NULL);
}

static void on_event(char **argv, const char *line)
{
	char type[VALUE_MAX], a[VALUE_MAX], b[VALUE_MAX];

	if (!member(line, "event_type", type))
		return;
	if (strcmp(type, "SessionStateChange") == 0 && member(line, "to", a)) {
		printf("state %s\n", a);
	} else if (strcmp(type, "SessionCreated") == 0 || strcmp(type, "SessionRestored") == 0) {
		if (member(line, "inner_ipv4", a))
			configure(argv, a);
		if (member(line, "inner_ipv6", a))
			configure(argv, a);
	} else if (strcmp(type, "TransportSwitch") == 0) {
		if (member(line, "previous_transport", a) && member(line, "new_transport", b))
			printf("switch %s -> %s\n", a, b);
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char line[LINE_MAX_BYTES];
	int tun, events[2], status = 0;
	FILE *stream;

	if (argc < 4) {
		fprintf(stderr, "usage: embed JVPN-CLIENT CONFIGURATION DEVICE PREFIX...\n");
		return 2;
	}
	tun = open_tun(argv[3]);
	if (tun < 0)
		return die(argv[3]);
	if (pipe2(events, O_CLOEXEC))
		return die("pipe");
	child = fork();
	if (child == 0)
		start_client(argv, tun, events[1]);
	if (child < 0)
		return die("fork");
	signal(SIGTERM, pass_on);
	signal(SIGINT, pass_on);
	/* The device lives as long as somebody has it open: without this line a client that is started
	 * again would find the TUN as it was. */
	close(tun);
	close(events[1]);
	stream = fdopen(events[0], "r");
	while (stream && (fgets(line, sizeof(line), stream) || errno == EINTR)) {
		if (ferror(stream))
			clearerr(stream);
		else
			on_event(argv, line);
		errno = 0;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	printf("ended %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
