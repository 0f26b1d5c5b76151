/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * UDP sockets that the service manager opened and handed over (sd_listen_fds(3)'s protocol, without
 * libsystemd). What is handed is looked at before it is used; opens nothing itself.
 */
#ifndef JVPN_SERVER_HANDED_H
#define JVPN_SERVER_HANDED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* 16 addresses for each of 64 workers. */
#define JVPN_HANDED_MAX 1024

struct jvpn_handed_socket {
	int fd;
	bool is_taken;
	struct sockaddr_storage local;
};

/* Owner: main. All zero: nothing was handed over. */
struct jvpn_handed {
	size_t count;
	struct jvpn_handed_socket *socket; /* in the order in which they came */
};

/* Takes LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES out of the environment, so that no child has them, and
 * marks the descriptors close-on-exec. What was meant for another process is nothing. JVPN_EINVAL with
 * the sentence: nonsense, or a descriptor that is no UDP socket; JVPN_ENOMEM. While there is one thread. */
int jvpn_handed_open(struct jvpn_handed *handed, char *error, size_t error_size);
/* Closes what nobody has taken. */
void jvpn_handed_close(struct jvpn_handed *handed);
/* How many sockets have this address and port. */
size_t jvpn_handed_count(const struct jvpn_handed *handed, const struct sockaddr_storage *local);
/* The next of them, the caller's from now on; -1: there is none. */
int jvpn_handed_take(struct jvpn_handed *handed, const struct sockaddr_storage *local);
/* The address of one that nobody has taken; NULL: there is none. */
const struct sockaddr_storage *jvpn_handed_left(const struct jvpn_handed *handed);

#endif
