/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `jvpn-server init`: a directory with everything a server needs. Generates before it writes, and
 * takes back what it wrote when a later step fails.
 */
#include "server/init.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/date.h"
#include "base/err.h"
#include "crypto/certgen.h"
#include "crypto/certificate.h"
#include "crypto/keyring.h"
#include "crypto/random.h"
#include "runtime/clock.h"
#include "server/files.h"
#include "server/templates.h"

#define DEFAULT_PORT 443
#define DAY_S        UINT64_C(86400)
#define CA_DAYS      3650
/* There is no renewal but `init --force`: long enough to be done on purpose. */
#define SERVER_DAYS 1825
/* Clocks of clients may be behind. */
#define BACKDATE_DAYS 1
#define MADE_MAX      16
#define ERROR_MAX     512
#define TOKENS_TEXT                                                                                \
	"# name:sha256 of the token:expiry; see jvpn.conf(5). Lines are added by:\n"               \
	"# jvpn-server add-client NAME\n"

enum item { CA_CRT, CA_KEY, SERVER_CRT, SERVER_KEY, CONFIG, POLICY, TOKENS, STATE, ITEM_COUNT };

static const struct {
	const char *name;
	mode_t mode;
	bool keep; /* with --force too */
	const char *what;
} items[ITEM_COUNT] = {
	[CA_CRT] = {"ca.crt", 0644, true, "certificate of the CA; goes to every client"},
	[CA_KEY] = {"ca.key", 0600, true, "its key; a server does not need it to run"},
	[SERVER_CRT] = {"server.crt", 0644, false, NULL},
	[SERVER_KEY] = {"server.key", 0600, false, "its key"},
	[CONFIG] = {"server.yaml", 0644, false, "configuration, see jvpn.conf(5)"},
	[POLICY] = {"policy.yaml", 0644, false, "how sessions may move, see jvpn-policy(5)"},
	[TOKENS] = {"tokens", 0600, true, "who may connect: see add-client"},
	[STATE] = {"state", 0700, true, "keys that outlive the process"},
};

/* One run of init. On the heap: the certificates are large. */
struct work {
	const struct jvpn_server_options *options;
	char name[JVPN_CONFIG_HOST_MAX + 1];     /* checked by clients */
	char address[JVPN_CONFIG_HOST_MAX + 16]; /* with the port */
	const struct passwd *service;            /* NULL: nobody else gets anything */
	uint64_t now_s, server_until_s;
	struct jvpn_certgen ca, server;
	struct jvpn_files_text text[ITEM_COUNT]; /* what to write; no data: leave alone */
	bool there[ITEM_COUNT];
	bool made_directory, made_state;
	bool made[ITEM_COUNT];
	char error[ERROR_MAX];
};

static int complain(struct work *work, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Keeps the first sentence; returns the exit code. */
static int complain(struct work *work, int code, const char *fmt, ...)
{
	va_list args;

	if (work->error[0] != '\0')
		return code;
	va_start(args, fmt);
	vsnprintf(work->error, sizeof(work->error), fmt, args);
	va_end(args);
	return code;
}

static int exit_code(int err)
{
	return err == JVPN_EPERM ? JVPN_EXIT_PERMISSION : JVPN_EXIT_FAILURE;
}

/* The state is somewhere else, and may be there before we come. */
static bool is_apart(const struct work *work, enum item item)
{
	return item == STATE && work->options->state_directory[0] != '\0';
}

static bool path_of(const struct work *work, enum item item, const char *suffix, char out[PATH_MAX])
{
	int n = is_apart(work, item)
			? snprintf(out, PATH_MAX, "%s%s", work->options->state_directory, suffix)
			: snprintf(out, PATH_MAX, "%s/%s%s", work->options->directory,
				   items[item].name, suffix);

	return n > 0 && n < PATH_MAX;
}

/* Name in the certificate and address of the server, from what was given or the host's name. */
static int choose_names(struct work *work)
{
	const struct jvpn_server_options *options = work->options;
	const char *host = options->address.host;
	unsigned port = options->address.port != 0 ? options->address.port : DEFAULT_PORT;

	if (options->server_name[0] != '\0')
		snprintf(work->name, sizeof(work->name), "%s", options->server_name);
	else if (host[0] != '\0')
		snprintf(work->name, sizeof(work->name), "%s", host);
	else if (gethostname(work->name, sizeof(work->name) - 1) != 0)
		work->name[0] = '\0';
	if (!jvpn_certificate_name_is_valid(work->name))
		return complain(work, JVPN_EXIT_CONFIG,
				"\"%s\" is no host name: give --name and --address", work->name);
	if (host[0] == '\0')
		host = work->name;
	if (!jvpn_certificate_name_is_valid(host))
		return complain(work, JVPN_EXIT_CONFIG, "--address: \"%s\" is no host name", host);
	snprintf(work->address, sizeof(work->address),
		 strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
	return JVPN_EXIT_OK;
}

static int open_directory(struct work *work)
{
	const char *dir = work->options->directory;
	struct stat st;

	if (mkdir(dir, 0700) == 0) {
		work->made_directory = true;
		/* The service must find its files there; the secret ones say so themselves. */
		return work->service == NULL || chmod(dir, 0755) == 0
			       ? JVPN_EXIT_OK
			       : complain(work, JVPN_EXIT_FAILURE, "cannot open up %s: %s", dir,
					  strerror(errno));
	}
	if (errno != EEXIST)
		return complain(work,
				errno == EACCES || errno == EPERM ? JVPN_EXIT_PERMISSION
								  : JVPN_EXIT_CONFIG,
				"cannot make the directory %s: %s", dir, strerror(errno));
	if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
		return complain(work, JVPN_EXIT_CONFIG, "%s is not a directory", dir);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return complain(work, JVPN_EXIT_PERMISSION,
				"others may write to %s and could replace keys: chmod go-w %s", dir,
				dir);
	return JVPN_EXIT_OK;
}

static int look_around(struct work *work)
{
	char path[PATH_MAX];

	for (int i = 0; i < ITEM_COUNT; i++) {
		if (!path_of(work, (enum item)i, ".old", path) ||
		    !path_of(work, (enum item)i, "", path))
			return complain(work, JVPN_EXIT_CONFIG,
					"the path of the directory is too long");
		work->there[i] = access(path, F_OK) == 0;
		if (work->there[i] && !work->options->force && !is_apart(work, (enum item)i))
			return complain(
				work, JVPN_EXIT_CONFIG,
				"%s exists: nothing was changed (--force makes a new server "
				"certificate and configuration and keeps CA, tokens and keys)",
				path);
	}
	if (work->there[CA_CRT] != work->there[CA_KEY])
		return complain(
			work, JVPN_EXIT_CONFIG,
			"%s has only one of ca.crt and ca.key: a new server certificate needs "
			"both",
			work->options->directory);
	return JVPN_EXIT_OK;
}

static int load_pem(struct work *work, enum item item, char out[JVPN_CERTGEN_PEM_MAX])
{
	struct jvpn_files_text text;
	char path[PATH_MAX], error[ERROR_MAX];
	int err;

	path_of(work, item, "", path);
	err = jvpn_files_read(path, JVPN_CERTGEN_PEM_MAX - 1, &text, error, sizeof(error));
	if (err != 0)
		return complain(work, exit_code(err), "%s", error);
	memcpy(out, text.data, text.len + 1);
	jvpn_files_clear(&text);
	return JVPN_EXIT_OK;
}

static int get_ca(struct work *work)
{
	struct jvpn_certgen_request request = {.ca = true,
					       .not_before_s = work->now_s - BACKDATE_DAYS * DAY_S,
					       .not_after_s = work->now_s + CA_DAYS * DAY_S};
	char name[32];
	uint32_t number = 0;
	int code;

	if (work->there[CA_CRT]) {
		code = load_pem(work, CA_CRT, work->ca.certificate);
		return code != JVPN_EXIT_OK ? code : load_pem(work, CA_KEY, work->ca.key);
	}
	/* A number, so that a client with another CA is told so and not of a bad signature. */
	jvpn_random(&number, sizeof(number));
	snprintf(name, sizeof(name), "jvpn CA %08x", number);
	request.common_name = name;
	if (jvpn_certgen_issue(&request, &work->ca) != 0)
		return complain(work, JVPN_EXIT_FAILURE, "cannot make the CA");
	return JVPN_EXIT_OK;
}

/* The new certificate must not outlive its CA. */
static uint64_t last_second(const struct work *work)
{
	uint64_t until_s = work->now_s + SERVER_DAYS * DAY_S, ca_until_s = 0;
	struct jvpn_certificate *ca = NULL;

	if (jvpn_certificate_open_pem(work->ca.certificate, strlen(work->ca.certificate), &ca) == 0)
		ca_until_s = jvpn_certificate_not_after(ca);
	jvpn_certificate_free(ca);
	return ca_until_s < until_s ? ca_until_s : until_s;
}

static int get_server(struct work *work)
{
	const char *host = work->options->address.host;
	const char *names[2] = {work->name, host};
	struct jvpn_certgen_request request = {.names = names,
					       .name_count = 1,
					       .not_before_s = work->now_s - BACKDATE_DAYS * DAY_S,
					       .issuer = &work->ca};
	char common_name[64];

	if (host[0] != '\0' && strcasecmp(host, work->name) != 0)
		request.name_count = 2;
	snprintf(common_name, sizeof(common_name), "%.63s", work->name);
	request.common_name = common_name;
	request.not_after_s = work->server_until_s = last_second(work);
	if (jvpn_certgen_issue(&request, &work->server) != 0)
		return complain(work, JVPN_EXIT_FAILURE,
				"cannot make the server's certificate: is the CA in %s usable and "
				"still valid?",
				work->options->directory);
	return JVPN_EXIT_OK;
}

static int set_text(struct work *work, enum item item, const char *text)
{
	work->text[item].data = strdup(text);
	work->text[item].len = strlen(text);
	return work->text[item].data != NULL ? JVPN_EXIT_OK
					     : complain(work, JVPN_EXIT_FAILURE, "out of memory");
}

static int fill_template(struct work *work, enum item item, enum jvpn_template which)
{
	/* Where clients reach it is where it listens, unless somebody translates ports. */
	struct jvpn_template_values values = {.server_name = work->name,
					      .server_address = work->address,
					      .listen_port = strrchr(work->address, ':') + 1};
	FILE *stream = open_memstream(&work->text[item].data, &work->text[item].len);
	int err;

	if (is_apart(work, STATE))
		values.state_dir = work->options->state_directory;
	if (stream == NULL)
		return complain(work, JVPN_EXIT_FAILURE, "out of memory");
	err = jvpn_template_write(which, &values, stream);
	if (fclose(stream) != 0 || err != 0)
		return complain(work, JVPN_EXIT_FAILURE, "cannot make %s", items[item].name);
	return JVPN_EXIT_OK;
}

/* Everything that will be written, before anything is. */
static int prepare(struct work *work)
{
	int code = get_ca(work);

	if (code == JVPN_EXIT_OK)
		code = get_server(work);
	if (code == JVPN_EXIT_OK && !work->there[CA_CRT])
		code = set_text(work, CA_CRT, work->ca.certificate);
	if (code == JVPN_EXIT_OK && !work->there[CA_KEY])
		code = set_text(work, CA_KEY, work->ca.key);
	if (code == JVPN_EXIT_OK)
		code = set_text(work, SERVER_CRT, work->server.certificate);
	if (code == JVPN_EXIT_OK)
		code = set_text(work, SERVER_KEY, work->server.key);
	if (code == JVPN_EXIT_OK && !work->there[TOKENS])
		code = set_text(work, TOKENS, TOKENS_TEXT);
	if (code == JVPN_EXIT_OK)
		code = fill_template(work, CONFIG, JVPN_TEMPLATE_SERVER);
	if (code == JVPN_EXIT_OK)
		code = fill_template(work, POLICY, JVPN_TEMPLATE_POLICY);
	return code;
}

static int write_item(struct work *work, enum item item)
{
	char path[PATH_MAX], old[PATH_MAX], error[ERROR_MAX];
	int err;

	if (work->text[item].data == NULL)
		return JVPN_EXIT_OK;
	path_of(work, item, "", path);
	path_of(work, item, ".old", old);
	if (work->there[item] && rename(path, old) != 0)
		return complain(work, JVPN_EXIT_FAILURE, "cannot rename %s: %s", path,
				strerror(errno));
	err = jvpn_files_write(path, &work->text[item], items[item].mode, false, error,
			       sizeof(error));
	if (err != 0) {
		if (work->there[item] && rename(old, path) != 0)
			return complain(work, JVPN_EXIT_FAILURE, "%s; the old one is %s", error,
					old);
		return complain(work, exit_code(err), "%s", error);
	}
	work->made[item] = true;
	return JVPN_EXIT_OK;
}

static int make_state(struct work *work)
{
	struct jvpn_keyring ring;
	char path[PATH_MAX], error[ERROR_MAX] = "";
	int err;

	path_of(work, STATE, "", path);
	if (!work->there[STATE]) {
		if (mkdir(path, items[STATE].mode) != 0)
			return complain(work, JVPN_EXIT_FAILURE, "cannot make the directory %s: %s",
					path, strerror(errno));
		work->made_state = true;
	}
	err = jvpn_keyring_load(path, &ring, error, sizeof(error));
	jvpn_keyring_clear(&ring);
	if (err != 0)
		return complain(work, exit_code(err), "%s", error);
	work->made[STATE] = true;
	return JVPN_EXIT_OK;
}

static int give(struct work *work, const char *path)
{
	if (lchown(path, work->service->pw_uid, work->service->pw_gid) == 0 || errno == ENOENT)
		return JVPN_EXIT_OK;
	return complain(work, JVPN_EXIT_FAILURE, "cannot give %s to user %s: %s", path,
			work->service->pw_name, strerror(errno));
}

static const char *const state_files[] = {
#define X(field, file, bytes) (file),
	JVPN_KEYRING_MAP(X)
#undef X
};

#define STATE_FILES (sizeof(state_files) / sizeof(state_files[0]))

/* The service gets what it reads and nobody else may; the CA's key is not for it. */
static int give_secrets(struct work *work)
{
	char dir[PATH_MAX], path[PATH_MAX + 32];
	int code = JVPN_EXIT_OK;

	if (work->service == NULL)
		return code;
	path_of(work, SERVER_KEY, "", path);
	code = give(work, path);
	path_of(work, TOKENS, "", path);
	if (code == JVPN_EXIT_OK)
		code = give(work, path);
	path_of(work, STATE, "", dir);
	for (size_t i = 0; i < STATE_FILES && code == JVPN_EXIT_OK; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, state_files[i]);
		code = give(work, path);
	}
	return code == JVPN_EXIT_OK ? give(work, dir) : code;
}

static int write_all(struct work *work)
{
	int code = make_state(work);

	for (int i = 0; i < STATE && code == JVPN_EXIT_OK; i++)
		code = write_item(work, (enum item)i);
	return code == JVPN_EXIT_OK ? give_secrets(work) : code;
}

static void remove_state(const struct work *work)
{
	char dir[PATH_MAX], path[PATH_MAX + 32];

	path_of(work, STATE, "", dir);
	for (size_t i = 0; i < STATE_FILES; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, state_files[i]);
		unlink(path);
	}
	rmdir(dir);
}

/* As if nothing had happened; files that were there before come back. */
static void take_back(const struct work *work)
{
	char path[PATH_MAX], old[PATH_MAX];

	for (int i = 0; i < STATE; i++) {
		if (!work->made[i])
			continue;
		path_of(work, (enum item)i, "", path);
		path_of(work, (enum item)i, ".old", old);
		if (!work->there[i])
			unlink(path);
		else if (rename(old, path) != 0)
			fprintf(stderr, "jvpn-server: the old %s is %s\n", path, old);
	}
	if (work->made_state)
		remove_state(work);
	if (work->made_directory)
		rmdir(work->options->directory);
}

static void print_result(const struct work *work)
{
	const char *dir = work->options->directory;
	char until[JVPN_DATE_SIZE];

	jvpn_date_format(work->server_until_s, until);
	printf("In %s:\n", dir);
	for (int i = 0; i < ITEM_COUNT; i++) {
		const char *mark = work->there[i] && items[i].keep ? " (kept)" : "";

		if (is_apart(work, (enum item)i))
			printf("  %s%s: %s\n", work->options->state_directory, mark, items[i].what);
		else if (i == SERVER_CRT)
			printf("  %-12s certificate for %s until %s\n", items[i].name, work->name,
			       until);
		else
			printf("  %-12s %s%s\n", items[i].name, items[i].what, mark);
	}
	printf("\nNext: (umask 077; jvpn-server add-client NAME -c %s/server.yaml >NAME.yaml)\n",
	       dir);
	if (work->service)
		printf("Then: systemctl enable --now jvpn-server   (its files belong to user %s)\n",
		       work->service->pw_name);
	else
		printf("Then: jvpn-server -c %s/server.yaml\n", dir);
}

static int run(struct work *work)
{
	int code = choose_names(work);

	if (code == JVPN_EXIT_OK)
		code = open_directory(work);
	if (code == JVPN_EXIT_OK)
		code = look_around(work);
	if (code == JVPN_EXIT_OK)
		code = prepare(work);
	if (code == JVPN_EXIT_OK)
		code = write_all(work);
	if (code != JVPN_EXIT_OK)
		take_back(work);
	return code;
}

int jvpn_server_init(const struct jvpn_server_options *options)
{
	struct work *work = calloc(1, sizeof(*work));
	int code;

	if (work == NULL) {
		fputs("jvpn-server: init: out of memory\n", stderr);
		return JVPN_EXIT_FAILURE;
	}
	work->options = options;
	work->now_s = jvpn_clock_wall_ms() / 1000;
	if (options->service_user != NULL && geteuid() == 0)
		work->service = getpwnam(options->service_user);
	code = run(work);
	if (code == JVPN_EXIT_OK)
		print_result(work);
	else
		fprintf(stderr, "jvpn-server: init: %s\n", work->error);
	for (int i = 0; i < ITEM_COUNT; i++)
		jvpn_files_clear(&work->text[i]);
	jvpn_certgen_clear(&work->ca);
	jvpn_certgen_clear(&work->server);
	free(work);
	return code;
}
