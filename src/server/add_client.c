/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `jvpn-server add-client`: a token for one client, and its configuration. The token is known only
 * to the text it prints; the server keeps its hash.
 */
#include "server/init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/date.h"
#include "base/err.h"
#include "crypto/certificate.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/wipe.h"
#include "runtime/clock.h"
#include "server/auth.h"
#include "server/files.h"
#include "server/templates.h"

#define CA_FILE        "ca.crt"
#define PEM_FILE_MAX   16383 /* what a client takes as tls.ca_pem */
#define CHAIN_FILE_MAX (1024 * 1024)
#define DAY_S          UINT64_C(86400)
#define TOKEN_BYTES    32
#define TOKEN_LEN      (2 * TOKEN_BYTES)
#define DEFAULT_PORT   443
#define ERROR_MAX      512
#define LINE_MAX_LEN   (JVPN_AUTH_NAME_MAX + JVPN_SHA256_HEX_LEN + JVPN_DATE_SIZE + 4)

struct work {
	const struct jvpn_server_options *options;
	const char *name;                        /* of the server, checked by the client */
	char address[JVPN_CONFIG_HOST_MAX + 16]; /* with the port */
	char token[TOKEN_LEN + 1];               /* SECRET */
	char line[LINE_MAX_LEN + 1];             /* of the token file */
	char expiry[JVPN_DATE_SIZE];             /* or "never" */
	struct jvpn_files_text ca, yaml;
	char error[ERROR_MAX];
};

static int complain(struct work *work, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int complain(struct work *work, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(work->error, sizeof(work->error), fmt, args);
	va_end(args);
	return code;
}

static int exit_code(int err)
{
	return err == JVPN_EPERM ? JVPN_EXIT_PERMISSION : JVPN_EXIT_FAILURE;
}

/* 'file' beside 'path'. */
static bool beside(const char *path, const char *file, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	int dir = slash != NULL ? (int)(slash + 1 - path) : 0;
	int n = snprintf(out, PATH_MAX, "%.*s%s", dir, path, file);

	return n > 0 && n < PATH_MAX;
}

static void choose_names(struct work *work)
{
	const struct jvpn_server_options *options = work->options;
	const char *host = options->address.host;
	unsigned port = options->address.port != 0 ? options->address.port : DEFAULT_PORT;

	work->name = options->server_name[0] != '\0' ? options->server_name : host;
	snprintf(work->address, sizeof(work->address),
		 strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
}

/* Would a client with this CA and this name accept the server? Better known now than there. */
static int compare(struct work *work, const struct jvpn_certificate *server,
		   const struct jvpn_certificate *ca, const char *ca_path)
{
	const char *path = work->options->config.tls_certificate;
	char names[160];

	if (!jvpn_certificate_was_signed_by(server, ca))
		return complain(work, JVPN_EXIT_CONFIG,
				"the certificate in %s was not issued by the CA in %s", path,
				ca_path);
	if (jvpn_certificate_matches(server, work->name))
		return JVPN_EXIT_OK;
	jvpn_certificate_format_names(server, names, sizeof(names));
	return complain(
		work, JVPN_EXIT_CONFIG,
		"the certificate in %s is not for \"%s\" but for %s: correct public.name, or "
		"give --name",
		path, work->name, names);
}

static int check_certificate(struct work *work, const char *ca_path)
{
	const char *path = work->options->config.tls_certificate;
	struct jvpn_certificate *server = NULL, *ca = NULL;
	struct jvpn_files_text chain;
	int code = JVPN_EXIT_CONFIG;
	int err = jvpn_files_read(path, CHAIN_FILE_MAX, &chain, work->error, sizeof(work->error));

	if (err != 0)
		return exit_code(err);
	if (jvpn_certificate_open_pem(chain.data, chain.len, &server) != 0)
		complain(work, code, "%s has no certificate in PEM form", path);
	else if (jvpn_certificate_open_pem(work->ca.data, work->ca.len, &ca) != 0)
		complain(work, code, "%s has no certificate in PEM form", ca_path);
	else
		code = compare(work, server, ca, ca_path);
	jvpn_certificate_free(server);
	jvpn_certificate_free(ca);
	jvpn_files_clear(&chain);
	return code;
}

static int load_ca(struct work *work)
{
	char path[PATH_MAX];
	int err;

	if (!beside(work->options->config.tls_certificate, CA_FILE, path))
		return complain(work, JVPN_EXIT_CONFIG, "the path of the certificate is too long");
	err = jvpn_files_read(path, PEM_FILE_MAX, &work->ca, work->error, sizeof(work->error));
	return err != 0 ? exit_code(err) : check_certificate(work, path);
}

static int make_token(struct work *work)
{
	const struct jvpn_server_options *options = work->options;
	uint64_t end_s = jvpn_clock_wall_ms() / 1000 + options->expires_days * DAY_S;
	char hash[JVPN_SHA256_HEX_LEN + 1];
	uint8_t octets[TOKEN_BYTES];
	int err = jvpn_random(octets, sizeof(octets));

	for (size_t i = 0; i < sizeof(octets); i++)
		snprintf(work->token + 2 * i, 3, "%02x", octets[i]);
	jvpn_wipe(octets, sizeof(octets));
	if (err == 0)
		err = jvpn_token_hash(work->token, TOKEN_LEN, hash);
	if (err != 0)
		return complain(work, JVPN_EXIT_FAILURE, "cannot make a token: %s",
				jvpn_err_text(err));
	if (options->expires_days == 0)
		snprintf(work->expiry, sizeof(work->expiry), "never");
	else
		jvpn_date_format(end_s, work->expiry);
	snprintf(work->line, sizeof(work->line), "%s:%s:%s\n", options->client_name, hash,
		 options->expires_days == 0 ? "-" : work->expiry);
	return JVPN_EXIT_OK;
}

static int make_yaml(struct work *work)
{
	struct jvpn_template_values values = {.server_name = work->name,
					      .server_address = work->address,
					      .client_name = work->options->client_name,
					      .token = work->token,
					      .expiry = work->expiry,
					      .ca_pem = work->ca.data};
	FILE *stream = open_memstream(&work->yaml.data, &work->yaml.len);
	int err;

	if (stream == NULL)
		return complain(work, JVPN_EXIT_FAILURE, "out of memory");
	err = jvpn_template_write(JVPN_TEMPLATE_CLIENT, &values, stream);
	if (fclose(stream) != 0 || err != 0)
		return complain(work, JVPN_EXIT_FAILURE,
				"cannot make the client's configuration: %s", jvpn_err_text(err));
	return JVPN_EXIT_OK;
}

/* Says what is wrong with the file itself; its errors have lines of their own. */
static int check_tokens(struct work *work, bool *has_name)
{
	const char *path = work->options->config.auth_tokens;
	struct jvpn_report *report = jvpn_report_new();
	struct jvpn_auth *auth = NULL;
	int code = JVPN_EXIT_OK;

	if (report == NULL)
		return complain(work, JVPN_EXIT_FAILURE, "out of memory");
	if (jvpn_auth_load(path, &auth, report) != 0) {
		jvpn_report_print(report, "jvpn-server", stderr);
		code = report->exit_code != 0 ? report->exit_code : JVPN_EXIT_FAILURE;
		complain(work, code, "%s is not usable; nothing was changed", path);
	} else {
		*has_name = jvpn_auth_has_name(auth, work->options->client_name);
	}
	jvpn_auth_free(auth);
	jvpn_report_free(report);
	if (code == JVPN_EXIT_OK && *has_name && !work->options->force)
		return complain(work, JVPN_EXIT_CONFIG,
				"%s has a client \"%s\" already (--force gives it a new token)",
				path, work->options->client_name);
	return code;
}

/* The old text without the client's line (if it has one), and the new line. */
static int join(struct work *work, const struct jvpn_files_text *old, struct jvpn_files_text *out)
{
	size_t name_len = strlen(work->options->client_name);
	FILE *stream = open_memstream(&out->data, &out->len);
	const char *at = old->data, *end = old->data + old->len;

	if (stream == NULL)
		return JVPN_ENOMEM;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline != NULL ? (size_t)(newline - at) : (size_t)(end - at);
		bool ours = len > name_len && at[name_len] == ':' &&
			    memcmp(at, work->options->client_name, name_len) == 0;

		if (!ours)
			fprintf(stream, "%.*s\n", (int)len, at);
		at += len + (newline != NULL);
	}
	fputs(work->line, stream);
	return fclose(stream) == 0 ? 0 : JVPN_ENOMEM;
}

/* Under the lock of the file's directory. */
static int change_tokens(struct work *work)
{
	const char *path = work->options->config.auth_tokens;
	struct jvpn_files_text old = {0}, text = {0};
	bool has_name = false;
	struct stat st;
	int err, code = check_tokens(work, &has_name);

	if (code != JVPN_EXIT_OK)
		return code;
	if (stat(path, &st) != 0)
		return complain(work, JVPN_EXIT_FAILURE, "cannot read %s: %s", path,
				strerror(errno));
	err = jvpn_files_read(path, JVPN_AUTH_FILE_MAX, &old, work->error, sizeof(work->error));
	if (err == 0 && join(work, &old, &text) != 0)
		err = complain(work, JVPN_ENOMEM, "out of memory");
	if (err == 0)
		err = jvpn_files_write(path, &text, st.st_mode & 0777, true, work->error,
				       sizeof(work->error));
	/* As root for a server that runs as somebody else: the file stays his. */
	if (err == 0 && geteuid() == 0 && lchown(path, st.st_uid, st.st_gid) != 0)
		fprintf(stderr, "jvpn-server: add-client: cannot give %s back to its owner\n",
			path);
	jvpn_files_clear(&old);
	jvpn_files_clear(&text);
	return err == 0 ? JVPN_EXIT_OK : exit_code(err);
}

static int add_token(struct work *work)
{
	char dir[PATH_MAX];
	int fd, code;

	if (!beside(work->options->config.auth_tokens, ".", dir))
		return complain(work, JVPN_EXIT_CONFIG, "the path of the token file is too long");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		code = complain(work, JVPN_EXIT_FAILURE, "cannot lock %s: %s", dir,
				strerror(errno));
	else
		code = change_tokens(work);
	if (fd >= 0)
		close(fd); /* and the lock */
	return code;
}

static int print_yaml(struct work *work)
{
	if (fwrite(work->yaml.data, 1, work->yaml.len, stdout) != work->yaml.len ||
	    fflush(stdout) != 0)
		return complain(
			work, JVPN_EXIT_FAILURE,
			"cannot write the configuration: %s; the token is added but lost: use "
			"--force",
			strerror(errno));
	fprintf(stderr, "jvpn-server: added client %s; a running server takes it after SIGHUP\n",
		work->options->client_name);
	return JVPN_EXIT_OK;
}

static int run(struct work *work)
{
	int code;

	choose_names(work);
	code = load_ca(work);
	if (code == JVPN_EXIT_OK)
		code = make_token(work);
	if (code == JVPN_EXIT_OK)
		code = make_yaml(work);
	if (code == JVPN_EXIT_OK)
		code = add_token(work);
	if (code == JVPN_EXIT_OK)
		code = print_yaml(work);
	return code;
}

int jvpn_server_add_client(const struct jvpn_server_options *options)
{
	struct work work = {.options = options};
	int code = run(&work);

	if (code != JVPN_EXIT_OK)
		fprintf(stderr, "jvpn-server: add-client: %s\n", work.error);
	jvpn_files_clear(&work.ca);
	jvpn_files_clear(&work.yaml);
	jvpn_wipe(&work, sizeof(work));
	return code;
}
