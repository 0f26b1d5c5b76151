/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libmicrohttpd behind http.h. It gets accepted connections only: how many there may be, how long they
 * may take and what happens without descriptors is decided here.
 */
#include "obs/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"

#define BACKLOG 64
/* accept() fails for want of descriptors: the next try. */
#define ACCEPT_AGAIN_NS JVPN_NS_PER_S
/* MHD's own limit: for connections of which no event comes any more. */
#define IDLE_S 6
/* And for those that it would look at again at once, for ever: it hears of the others. */
#define SOONEST_MS 10
#define ROUNDS     4

struct jvpn_http_request {
	struct jvpn_http *http;
	struct MHD_Connection *connection;
	struct MHD_Response *response; /* NULL: no answer yet, or no memory for it */
	unsigned status;
	bool asked, answered;
};

struct place {
	int fd;        /* MHD's; -1: free */
	bool is_known; /* MHD has told of it */
	uint64_t until_ns;
};

struct jvpn_http {
	struct MHD_Daemon *daemon;
	int listen_fd, epoll_fd; /* the latter watches the former and MHD's own */
	uint64_t now_ns, accept_at_ns;
	uint64_t again_ns; /* when MHD wants another turn; JVPN_TIME_NEVER */
	struct jvpn_http_request *waiting[JVPN_HTTP_CONNECTIONS]; /* suspended */
	struct place place[JVPN_HTTP_CONNECTIONS];
	struct jvpn_http_stats stats;
	void (*on_request)(void *user, struct jvpn_http_request *request, const char *path);
	void (*on_gone)(void *user, struct jvpn_http_request *request);
	void *user;
};

/* ---- requests ---- */

static enum MHD_Result send_response(struct jvpn_http_request *r)
{
	enum MHD_Result rv = MHD_NO;

	if (r->response) {
		rv = MHD_queue_response(r->connection, r->status, r->response);
		MHD_destroy_response(r->response);
		r->response = NULL;
	}
	return rv;
}

static struct jvpn_http_request **find_waiting(struct jvpn_http *http,
					       const struct jvpn_http_request *r)
{
	for (size_t i = 0; i < JVPN_HTTP_CONNECTIONS; i++)
		if (http->waiting[i] == r)
			return &http->waiting[i];
	return NULL;
}

static enum MHD_Result suspend(struct jvpn_http_request *r)
{
	struct jvpn_http_request **at = find_waiting(r->http, NULL);

	if (!at)
		return MHD_NO;
	*at = r;
	MHD_suspend_connection(r->connection);
	return MHD_YES;
}

/* True: it was suspended. */
static bool resume(struct jvpn_http_request *r)
{
	struct jvpn_http_request **at = find_waiting(r->http, r);

	if (!at)
		return false;
	*at = NULL;
	MHD_resume_connection(r->connection);
	return true;
}

static struct MHD_Response *make_response(const char *type, const char *text, size_t len)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		len, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);

	if (!response)
		return NULL;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				      type ? type : "text/plain; charset=utf-8");
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	return response;
}

static void count(struct jvpn_http_stats *stats, unsigned status)
{
	if (status == JVPN_HTTP_OK)
		stats->ok++;
	else if (status == JVPN_HTTP_NOT_FOUND)
		stats->not_found++;
	else if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		stats->not_allowed++;
	else
		stats->unavailable++;
}

void jvpn_http_answer(struct jvpn_http_request *r, enum jvpn_http_status status, const char *type,
		      const char *text, size_t len)
{
	if (r->answered)
		return;
	r->answered = true;
	r->status = status;
	r->response = make_response(type, text, len);
	count(&r->http->stats, status);
	if (resume(r))
		r->http->again_ns = 0;
}

static enum MHD_Result refuse_method(struct jvpn_http_request *r)
{
	static const char text[] = "only GET and HEAD\n";

	r->asked = r->answered = true;
	r->status = MHD_HTTP_METHOD_NOT_ALLOWED;
	r->response = make_response(NULL, text, sizeof(text) - 1);
	if (r->response)
		(void)MHD_add_response_header(r->response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	count(&r->http->stats, r->status);
	return send_response(r);
}

static enum MHD_Result begin_request(struct jvpn_http *http, struct MHD_Connection *connection,
				     const char *method, void **state)
{
	struct jvpn_http_request *r = calloc(1, sizeof(*r));

	if (!r)
		return MHD_NO;
	r->http = http;
	r->connection = connection;
	*state = r;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return refuse_method(r);
	return MHD_YES;
}

/* Called with the header lines, again for a body, and again after a pause. */
static enum MHD_Result on_access(void *user, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *body,
				 size_t *body_len, void **state)
{
	struct jvpn_http *http = user;
	struct jvpn_http_request *r = *state;

	(void)version;
	(void)body;
	if (!r)
		return begin_request(http, connection, method, state);
	if (*body_len)
		return MHD_NO; /* what is asked here has none */
	if (!r->asked) {
		r->asked = true;
		http->on_request(http->user, r, url);
	}
	return r->answered ? send_response(r) : suspend(r);
}

static void on_completed(void *user, struct MHD_Connection *connection, void **state,
			 enum MHD_RequestTerminationCode code)
{
	struct jvpn_http *http = user;
	struct jvpn_http_request *r = *state;

	(void)connection;
	(void)code;
	if (!r)
		return;
	*state = NULL;
	if (r->asked && !r->answered)
		http->on_gone(http->user, r);
	if (r->response)
		MHD_destroy_response(r->response);
	free(r);
}

/* ---- connections ---- */

/* One that MHD has not told of yet; -1: a free one. */
static struct place *find_place(struct jvpn_http *http, int fd)
{
	for (size_t i = 0; i < JVPN_HTTP_CONNECTIONS; i++)
		if (http->place[i].fd == fd && !http->place[i].is_known)
			return &http->place[i];
	return NULL;
}

static void on_connection(void *user, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	struct place *place = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		place = info ? find_place(user, info->connect_fd) : NULL;
		if (place)
			place->is_known = true;
		*context = place;
	} else if (place) {
		place->is_known = false;
		place->fd = -1;
	}
}

static void take_connection(struct jvpn_http *http, int fd, const struct sockaddr_storage *peer,
			    socklen_t peer_len)
{
	struct place *place = find_place(http, -1);

	if (!place) {
		http->stats.refused++;
		close(fd);
		return;
	}
	place->fd = fd;
	place->until_ns = jvpn_time_add(http->now_ns, JVPN_HTTP_PATIENCE_NS);
	/* In any case it is MHD's now: it closes what it does not take. */
	if (MHD_add_connection(http->daemon, fd, (const struct sockaddr *)peer, peer_len) !=
	    MHD_YES) {
		place->is_known = false;
		place->fd = -1;
		http->stats.refused++;
	}
}

static void listen_for(struct jvpn_http *http, bool wanted)
{
	struct epoll_event event = {.events = EPOLLIN};

	(void)epoll_ctl(http->epoll_fd, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, http->listen_fd,
			&event);
}

/* Without descriptors the socket stays readable: it is not looked at for a moment. */
static void pause_accepting(struct jvpn_http *http)
{
	listen_for(http, false);
	http->accept_at_ns = jvpn_time_add(http->now_ns, ACCEPT_AGAIN_NS);
}

static void accept_all(struct jvpn_http *http)
{
	if (http->accept_at_ns > http->now_ns)
		return;
	if (http->accept_at_ns) {
		http->accept_at_ns = 0;
		listen_for(http, true);
	}
	for (size_t i = 0; i < 2 * JVPN_HTTP_CONNECTIONS; i++) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);
		int fd = accept4(http->listen_fd, (struct sockaddr *)&peer, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			take_connection(http, fd, &peer, len);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			return pause_accepting(http);
		else if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

/* MHD sees the end and closes; what is slow has no claim. */
static void cut_slow_ones(struct jvpn_http *http)
{
	for (size_t i = 0; i < JVPN_HTTP_CONNECTIONS; i++) {
		struct place *place = &http->place[i];

		if (place->fd < 0 || place->until_ns > http->now_ns)
			continue;
		place->until_ns = JVPN_TIME_NEVER;
		http->stats.refused++;
		(void)shutdown(place->fd, SHUT_RDWR);
	}
}

/* A request and its answer take a few rounds. */
static void run_daemon(struct jvpn_http *http)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;

	http->again_ns = JVPN_TIME_NEVER;
	for (int i = 0; i < ROUNDS && ms == 0; i++) {
		(void)MHD_run(http->daemon);
		if (MHD_get_timeout(http->daemon, &ms) != MHD_YES)
			return;
	}
	if (ms < SOONEST_MS)
		ms = SOONEST_MS;
	http->again_ns =
		jvpn_time_min(http->again_ns, jvpn_time_add(http->now_ns, jvpn_ms_to_ns(ms)));
}

void jvpn_http_poll(struct jvpn_http *http, uint64_t now_ns)
{
	http->now_ns = now_ns;
	accept_all(http);
	cut_slow_ones(http);
	run_daemon(http);
}

uint64_t jvpn_http_next_deadline(const struct jvpn_http *http)
{
	uint64_t at = http->accept_at_ns ? http->accept_at_ns : JVPN_TIME_NEVER;

	at = jvpn_time_min(at, http->again_ns);
	for (size_t i = 0; i < JVPN_HTTP_CONNECTIONS; i++)
		if (http->place[i].fd >= 0)
			at = jvpn_time_min(at, http->place[i].until_ns);
	return at;
}

int jvpn_http_fd(const struct jvpn_http *http)
{
	return http->epoll_fd;
}

void jvpn_http_get_stats(const struct jvpn_http *http, struct jvpn_http_stats *stats)
{
	*stats = http->stats;
}

/* ---- life ---- */

static int fail_socket(int err, char *error, size_t error_size)
{
	snprintf(error, error_size, "metrics.listen: %s", strerror(err));
	switch (err) {
	case EADDRINUSE:
		return JVPN_EBUSY;
	case EACCES:
	case EPERM:
		return JVPN_EPERM;
	case EADDRNOTAVAIL:
		return JVPN_ENOTFOUND;
	default:
		return JVPN_EIO;
	}
}

static int open_socket(struct jvpn_http *http, const struct sockaddr_storage *listen_on,
		       char *error, size_t error_size)
{
	socklen_t len = listen_on->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							 : sizeof(struct sockaddr_in);
	int on = 1;

	http->listen_fd =
		socket(listen_on->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (http->listen_fd < 0)
		return fail_socket(errno, error, error_size);
	(void)setsockopt(http->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (listen_on->ss_family == AF_INET6)
		(void)setsockopt(http->listen_fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(http->listen_fd, (const struct sockaddr *)listen_on, len) ||
	    listen(http->listen_fd, BACKLOG))
		return fail_socket(errno, error, error_size);
	return 0;
}

static int start_daemon(struct jvpn_http *http)
{
	const union MHD_DaemonInfo *info;
	struct epoll_event event = {.events = EPOLLIN};

	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		on_access, http, MHD_OPTION_CONNECTION_LIMIT, (unsigned)JVPN_HTTP_CONNECTIONS + 1,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)JVPN_HTTP_REQUEST_BYTES,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, http, MHD_OPTION_END);
	if (!http->daemon)
		return JVPN_ENOMEM;
	info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || epoll_ctl(http->epoll_fd, EPOLL_CTL_ADD, info->epoll_fd, &event))
		return JVPN_EIO;
	listen_for(http, true);
	return 0;
}

static int open_all(struct jvpn_http *http, const struct jvpn_http_config *config, char *error,
		    size_t error_size)
{
	int rv = open_socket(http, config->listen, error, error_size);

	if (rv)
		return rv;
	http->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	rv = http->epoll_fd < 0 ? JVPN_EIO : start_daemon(http);
	if (rv)
		snprintf(error, error_size, "metrics.listen: %s", jvpn_err_text(rv));
	return rv;
}

int jvpn_http_open(const struct jvpn_http_config *config, struct jvpn_http **out, char *error,
		   size_t error_size)
{
	struct jvpn_http *http = calloc(1, sizeof(*http));
	int rv;

	if (!http) {
		snprintf(error, error_size, "metrics.listen: %s", jvpn_err_text(JVPN_ENOMEM));
		return JVPN_ENOMEM;
	}
	http->listen_fd = http->epoll_fd = -1;
	http->again_ns = JVPN_TIME_NEVER;
	http->on_request = config->on_request;
	http->on_gone = config->on_gone;
	http->user = config->user;
	for (size_t i = 0; i < JVPN_HTTP_CONNECTIONS; i++)
		http->place[i].fd = -1;
	rv = open_all(http, config, error, error_size);
	if (rv)
		jvpn_http_free(http);
	else
		*out = http;
	return rv;
}

void jvpn_http_free(struct jvpn_http *http)
{
	if (!http)
		return;
	/* MHD does not end while one is suspended. */
	for (size_t i = 0; i < JVPN_HTTP_CONNECTIONS; i++)
		if (http->waiting[i])
			(void)resume(http->waiting[i]);
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	if (http->listen_fd >= 0)
		close(http->listen_fd);
	if (http->epoll_fd >= 0)
		close(http->epoll_fd);
	free(http);
}
