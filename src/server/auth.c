/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The token file and the look-up of tokens.
 *
 * On timing: a token is looked up by the SHA-256 of what the client sent, in a table sorted by
 * hash. How long the search takes depends on that hash and on stored hashes, never on a stored
 * token; to turn "my hash begins like a stored one" into a token, an attacker would have to invert
 * SHA-256. Only the final comparison decides about access, and it takes the same time for every
 * hash.
 */
#include "server/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/date.h"
#include "base/err.h"
#include "crypto/ct.h"
#include "crypto/hash.h"
#include "crypto/wipe.h"

#define NEVER  UINT64_MAX
#define SCHEME "Bearer "

struct entry {
	uint8_t hash[JVPN_SHA256_BYTES];
	uint64_t expiry_s; /* NEVER, or the first second in which it is no longer valid */
	uint32_t line;
	char name[JVPN_AUTH_NAME_MAX + 1];
};

struct jvpn_auth {
	struct entry *entry; /* sorted by hash */
	size_t count, capacity;
};

/* A piece of a line. */
struct span {
	const char *text;
	size_t len;
	unsigned line, column;
};

struct loading {
	const char *path;
	struct jvpn_auth *auth;
	struct jvpn_report *report;
	bool full;
};

static void complain(const struct loading *loading, const struct span *at, const char *text)
{
	jvpn_report_add(loading->report, JVPN_EXIT_CONFIG, loading->path, at->line, at->column,
			"%s", text);
}

static bool is_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '.' || c == '_' || c == '-'))
			return false;
	}
	return len >= 1 && len <= JVPN_AUTH_NAME_MAX;
}

bool jvpn_auth_name_is_valid(const char *name)
{
	return is_name(name, strlen(name));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hash(const struct span *span, uint8_t out[JVPN_SHA256_BYTES])
{
	if (span->len != JVPN_SHA256_HEX_LEN)
		return false;
	for (size_t i = 0; i < JVPN_SHA256_BYTES; i++) {
		int high = hex_digit(span->text[2 * i]), low = hex_digit(span->text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool parse_expiry(const struct span *span, uint64_t *expiry_s)
{
	uint64_t seconds = 0;

	if (span->len == 1 && (span->text[0] == '-' || span->text[0] == '0')) {
		*expiry_s = NEVER;
		return true;
	}
	if (jvpn_date_parse(span->text, span->len, expiry_s) == 0)
		return true;
	if (span->len == 0 || span->len > 12 || span->text[0] == '0')
		return false;
	for (size_t i = 0; i < span->len; i++) {
		if (span->text[i] < '0' || span->text[i] > '9')
			return false;
		seconds = seconds * 10 + (uint64_t)(span->text[i] - '0');
	}
	*expiry_s = seconds;
	return seconds <= JVPN_DATE_MAX_S;
}

/* Cuts the next field off at ':'; false (and the rest is untouched) when there is no ':'. */
static bool cut(struct span *rest, struct span *field)
{
	const char *colon = memchr(rest->text, ':', rest->len);
	size_t len;

	if (colon == NULL)
		return false;
	len = (size_t)(colon - rest->text);
	*field = *rest;
	field->len = len;
	rest->text += len + 1;
	rest->len -= len + 1;
	rest->column += (unsigned)len + 1;
	return true;
}

static struct entry *new_entry(struct loading *loading)
{
	struct jvpn_auth *auth = loading->auth;

	if (auth->count == auth->capacity) {
		size_t capacity = auth->capacity == 0 ? 64 : auth->capacity * 2;
		struct entry *grown = reallocarray(auth->entry, capacity, sizeof(*grown));

		if (grown == NULL)
			return NULL;
		auth->entry = grown;
		auth->capacity = capacity;
	}
	return memset(&auth->entry[auth->count], 0, sizeof(struct entry));
}

static int parse_line(struct loading *loading, struct span line)
{
	struct span name, hash;
	struct entry *entry;
	bool good = true;

	if (!cut(&line, &name) || !cut(&line, &hash)) {
		complain(loading, &line, "expected name:sha256:expiry");
		return 0;
	}
	if (loading->auth->count == JVPN_AUTH_ENTRIES_MAX) {
		if (!loading->full)
			complain(loading, &name, "expected at most 100000 tokens");
		loading->full = true;
		return 0;
	}
	entry = new_entry(loading);
	if (entry == NULL)
		return JVPN_ENOMEM;
	entry->line = line.line;
	if (is_name(name.text, name.len)) {
		memcpy(entry->name, name.text, name.len);
	} else {
		complain(loading, &name,
			 "expected a name of 1 to 63 letters, digits, '.', '_' or '-'");
		good = false;
	}
	if (!parse_hash(&hash, entry->hash)) {
		complain(loading, &hash,
			 "expected the SHA-256 of a token as 64 lower-case hex digits");
		good = false;
	}
	if (!parse_expiry(&line, &entry->expiry_s)) {
		complain(loading, &line,
			 "expected an expiry: seconds since 1970, YYYY-MM-DD, "
			 "YYYY-MM-DDThh:mm:ssZ, or - for never");
		good = false;
	}
	loading->auth->count += good;
	return 0;
}

static int parse_text(struct loading *loading, const char *text, size_t len)
{
	struct span line = {.text = text, .line = 1, .column = 1};
	size_t left = len;

	while (left > 0) {
		const char *end = memchr(line.text, '\n', left);
		size_t step;
		int err = 0;

		line.len = end != NULL ? (size_t)(end - line.text) : left;
		step = line.len + (end != NULL);
		if (line.len > 0 && line.text[0] != '#')
			err = parse_line(loading, line);
		if (err != 0)
			return err;
		line.text += step;
		left -= step;
		line.line++;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static int by_hash(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = memcmp(x->hash, y->hash, sizeof(x->hash));

	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static void complain_twice(const struct loading *loading, unsigned line, unsigned first,
			   const char *what)
{
	jvpn_report_add(loading->report, JVPN_EXIT_CONFIG, loading->path, line, 1,
			"expected each %s once, got one that is in line %u already", what, first);
}

/* Leaves the entries sorted by hash. */
static void find_duplicates(struct loading *loading)
{
	struct entry *e = loading->auth->entry;
	size_t count = loading->auth->count;

	if (count == 0)
		return;
	qsort(e, count, sizeof(*e), by_name);
	for (size_t i = 1; i < count; i++)
		if (strcmp(e[i].name, e[i - 1].name) == 0)
			complain_twice(loading, e[i].line, e[i - 1].line, "name");
	qsort(e, count, sizeof(*e), by_hash);
	for (size_t i = 1; i < count; i++)
		if (memcmp(e[i].hash, e[i - 1].hash, sizeof(e[i].hash)) == 0)
			complain_twice(loading, e[i].line, e[i - 1].line, "token");
}

static int refuse_file(struct loading *loading, enum jvpn_exit code, const char *text)
{
	jvpn_report_add(loading->report, code, loading->path, 0, 0, "%s", text);
	return code == JVPN_EXIT_PERMISSION ? JVPN_EPERM : JVPN_ECONFIG;
}

static int check_file(struct loading *loading, int fd, size_t *size)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return refuse_file(loading, JVPN_EXIT_CONFIG, "expected a regular file");
	if ((st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
		return refuse_file(
			loading, JVPN_EXIT_PERMISSION,
			"expected a file that others cannot read or write, nor the group "
			"write: chmod 600");
	if (st.st_size > JVPN_AUTH_FILE_MAX)
		return refuse_file(loading, JVPN_EXIT_CONFIG, "expected at most 16 MiB");
	*size = (size_t)st.st_size;
	return 0;
}

/* Up to 'size' octets; a file that shrank meanwhile gives fewer. */
static int read_file(int fd, char *text, size_t size, size_t *len)
{
	*len = 0;
	while (*len < size) {
		ssize_t n = read(fd, text + *len, size - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return JVPN_EIO;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return 0;
}

static int load_fd(struct loading *loading, int fd)
{
	size_t size = 0, len = 0;
	char *text;
	int err = check_file(loading, fd, &size);

	if (err != 0)
		return err;
	text = malloc(size + 1);
	if (text == NULL)
		return JVPN_ENOMEM;
	if (read_file(fd, text, size, &len) != 0)
		err = refuse_file(loading, JVPN_EXIT_CONFIG, "expected a readable file");
	if (err == 0)
		err = parse_text(loading, text, len);
	if (err == 0)
		find_duplicates(loading);
	free(text);
	if (err == 0 && !jvpn_report_is_clean(loading->report))
		err = JVPN_ECONFIG;
	return err;
}

int jvpn_auth_load(const char *path, struct jvpn_auth **out, struct jvpn_report *report)
{
	struct loading loading = {.path = path, .report = report};
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		bool denied = errno == EACCES || errno == EPERM;

		jvpn_report_add(report, denied ? JVPN_EXIT_PERMISSION : JVPN_EXIT_CONFIG, path, 0,
				0, "expected a readable file, got: %s", strerror(errno));
		return denied ? JVPN_EPERM : JVPN_ECONFIG;
	}
	loading.auth = calloc(1, sizeof(*loading.auth));
	err = loading.auth == NULL ? JVPN_ENOMEM : load_fd(&loading, fd);
	close(fd);
	if (err != 0) {
		jvpn_auth_free(loading.auth);
		return err;
	}
	*out = loading.auth;
	return 0;
}

void jvpn_auth_free(struct jvpn_auth *auth)
{
	if (auth == NULL)
		return;
	free(auth->entry);
	free(auth);
}

size_t jvpn_auth_count(const struct jvpn_auth *auth)
{
	return auth->count;
}

bool jvpn_auth_has_name(const struct jvpn_auth *auth, const char *name)
{
	for (size_t i = 0; i < auth->count; i++)
		if (strcmp(auth->entry[i].name, name) == 0)
			return true;
	return false;
}

/* RFC 6750 section 2.1: "Bearer" (in any case), spaces, b64token. NULL when it is none. */
static const char *bearer_token(const char *authorization)
{
	const char *token = authorization + strlen(SCHEME);

	if (strncasecmp(authorization, SCHEME, strlen(SCHEME)) != 0)
		return NULL;
	while (*token == ' ')
		token++;
	return *token != '\0' ? token : NULL;
}

static const struct entry *find(const struct jvpn_auth *auth, const uint8_t hash[JVPN_SHA256_BYTES])
{
	size_t low = 0, high = auth->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(auth->entry[middle].hash, hash, JVPN_SHA256_BYTES) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == auth->count || !jvpn_ct_equal(auth->entry[low].hash, hash, JVPN_SHA256_BYTES))
		return NULL;
	return &auth->entry[low];
}

static int identify(const struct entry *entry, struct jvpn_auth_identity *out)
{
	uint8_t hash[JVPN_SHA256_BYTES];

	if (jvpn_sha256(entry->name, strlen(entry->name), hash) != 0)
		return JVPN_ECRYPTO;
	memcpy(out->name, entry->name, sizeof(out->name));
	memcpy(&out->user_hash, hash, sizeof(out->user_hash));
	if (out->user_hash == 0)
		out->user_hash = 1;
	return 0;
}

enum jvpn_reason jvpn_auth_check(const struct jvpn_auth *auth, const char *authorization,
				 uint64_t wall_s, struct jvpn_auth_identity *out)
{
	const char *token = bearer_token(authorization);
	uint8_t hash[JVPN_SHA256_BYTES];
	const struct entry *entry = NULL;

	memset(out, 0, sizeof(*out));
	if (token == NULL)
		return JVPN_REASON_TOKEN_MISSING;
	if (jvpn_sha256(token, strlen(token), hash) == 0)
		entry = find(auth, hash);
	jvpn_wipe(hash, sizeof(hash));
	if (entry == NULL)
		return JVPN_REASON_TOKEN_UNKNOWN;
	if (entry->expiry_s != NEVER && wall_s >= entry->expiry_s)
		return JVPN_REASON_TOKEN_EXPIRED;
	return identify(entry, out) == 0 ? JVPN_REASON_NONE : JVPN_REASON_TOKEN_UNKNOWN;
}
