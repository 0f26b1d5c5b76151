/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The journal's lines and its file.
 */
#include "tun/journal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define JOURNAL_HEAD     "jvpn-netcfg-journal 1"
#define JOURNAL_DIR_MODE 0755
#define JOURNAL_MODE     0600

static const char *const route_types[] = {
	[JVPN_NETCFG_ROUTE_UNICAST] = "unicast",
	[JVPN_NETCFG_ROUTE_UNREACHABLE] = "unreachable",
	[JVPN_NETCFG_ROUTE_PROHIBIT] = "prohibit",
	[JVPN_NETCFG_ROUTE_THROW] = "throw",
};
#define ROUTE_TYPES (sizeof(route_types) / sizeof(route_types[0]))

static bool route_equal(const struct jvpn_netcfg_route *a, const struct jvpn_netcfg_route *b)
{
	return a->type == b->type && jvpn_prefix_equal(&a->prefix, &b->prefix) &&
	       a->table == b->table && a->ifindex == b->ifindex && a->metric == b->metric &&
	       memcmp(a->via, b->via, sizeof(a->via)) == 0;
}

static bool rule_equal(const struct jvpn_netcfg_rule *a, const struct jvpn_netcfg_rule *b)
{
	return a->family == b->family && a->priority == b->priority && a->table == b->table &&
	       a->fwmark == b->fwmark && a->not_fwmark == b->not_fwmark &&
	       a->suppress_default == b->suppress_default;
}

bool jvpn_journal_item_equal(const struct jvpn_journal_item *a, const struct jvpn_journal_item *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case JVPN_JOURNAL_ADDRESS:
		return a->u.address.ifindex == b->u.address.ifindex &&
		       jvpn_prefix_equal(&a->u.address.prefix, &b->u.address.prefix);
	case JVPN_JOURNAL_ROUTE:
		return route_equal(&a->u.route, &b->u.route);
	case JVPN_JOURNAL_RULE:
		return rule_equal(&a->u.rule, &b->u.rule);
	case JVPN_JOURNAL_NONE:
	case JVPN_JOURNAL_COUNT:
		break;
	}
	return false;
}

static int encode_route(const struct jvpn_netcfg_route *route, char *out, size_t size)
{
	char prefix[JVPN_PREFIX_FORMAT_MAX], via[INET6_ADDRSTRLEN] = "";

	jvpn_prefix_format(&route->prefix, prefix);
	inet_ntop(route->prefix.family == 4 ? AF_INET : AF_INET6, route->via, via, sizeof(via));
	return snprintf(out, size, "route type %s to %s table %u dev %u via %s metric %u",
			route_types[route->type], prefix, route->table, route->ifindex, via,
			route->metric);
}

int jvpn_journal_item_encode(const struct jvpn_journal_item *item, char *out, size_t size)
{
	char prefix[JVPN_PREFIX_FORMAT_MAX];
	const struct jvpn_netcfg_rule *rule = &item->u.rule;
	int n = -1;

	switch (item->kind) {
	case JVPN_JOURNAL_ADDRESS:
		jvpn_prefix_format(&item->u.address.prefix, prefix);
		n = snprintf(out, size, "address %s dev %u", prefix, item->u.address.ifindex);
		break;
	case JVPN_JOURNAL_ROUTE:
		n = encode_route(&item->u.route, out, size);
		break;
	case JVPN_JOURNAL_RULE:
		n = snprintf(out, size,
			     "rule family %u priority %u table %u fwmark %u not %u suppress %u",
			     rule->family, rule->priority, rule->table, rule->fwmark,
			     rule->not_fwmark, rule->suppress_default);
		break;
	case JVPN_JOURNAL_NONE:
	case JVPN_JOURNAL_COUNT:
		break;
	}
	return n < 0 || (size_t)n >= size ? JVPN_ENOSPACE : 0;
}

/* The next word of a line, or NULL; *cursor goes behind it. */
static char *next_word(char **cursor)
{
	return strsep(cursor, " ");
}

static bool take_literal(char **cursor, const char *literal)
{
	const char *word = next_word(cursor);

	return word != NULL && strcmp(word, literal) == 0;
}

/* "name 123" with 123 at most max. */
static bool take_number(char **cursor, const char *name, uint32_t max, uint32_t *out)
{
	const char *word;
	uint64_t value = 0;

	if (!take_literal(cursor, name))
		return false;
	word = next_word(cursor);
	if (word == NULL || *word == '\0' || strlen(word) > 10)
		return false;
	for (; *word != '\0'; word++) {
		if (*word < '0' || *word > '9')
			return false;
		value = value * 10 + (uint64_t)(*word - '0');
	}
	if (value > max)
		return false;
	*out = (uint32_t)value;
	return true;
}

static bool take_prefix(char **cursor, struct jvpn_prefix *out)
{
	char *word = next_word(cursor), *slash = word != NULL ? strchr(word, '/') : NULL;
	uint8_t address[16] = {0};
	uint32_t length;
	uint8_t family;

	if (slash == NULL)
		return false;
	*slash = ' '; /* "ADDRESS", then " LENGTH" as an unnamed number */
	family = strchr(word, ':') != NULL ? 6 : 4;
	if (!take_number(&slash, "", jvpn_prefix_bits(family), &length))
		return false;
	return inet_pton(family == 4 ? AF_INET : AF_INET6, word, address) == 1 &&
	       jvpn_prefix_set(out, family, address, (uint8_t)length) == 0;
}

static bool decode_address(char **cursor, struct jvpn_netcfg_address *out)
{
	uint32_t ifindex;

	if (!take_prefix(cursor, &out->prefix) || !take_number(cursor, "dev", INT32_MAX, &ifindex))
		return false;
	out->ifindex = ifindex;
	return true;
}

static bool decode_route_type(char **cursor, enum jvpn_netcfg_route_type *out)
{
	const char *word;

	if (!take_literal(cursor, "type"))
		return false;
	word = next_word(cursor);
	for (size_t i = 0; word != NULL && i < ROUTE_TYPES; i++)
		if (strcmp(word, route_types[i]) == 0) {
			*out = (enum jvpn_netcfg_route_type)i;
			return true;
		}
	return false;
}

static bool decode_route(char **cursor, struct jvpn_netcfg_route *out)
{
	uint32_t ifindex;
	const char *via;

	if (!decode_route_type(cursor, &out->type) || !take_literal(cursor, "to") ||
	    !take_prefix(cursor, &out->prefix) ||
	    !take_number(cursor, "table", UINT32_MAX, &out->table) ||
	    !take_number(cursor, "dev", INT32_MAX, &ifindex) || !take_literal(cursor, "via"))
		return false;
	out->ifindex = ifindex;
	via = next_word(cursor);
	return via != NULL &&
	       inet_pton(out->prefix.family == 4 ? AF_INET : AF_INET6, via, out->via) == 1 &&
	       take_number(cursor, "metric", UINT32_MAX, &out->metric);
}

static bool decode_rule(char **cursor, struct jvpn_netcfg_rule *out)
{
	uint32_t family, inverted, suppress;

	if (!take_number(cursor, "family", 6, &family) || (family != 4 && family != 6) ||
	    !take_number(cursor, "priority", UINT32_MAX, &out->priority) ||
	    !take_number(cursor, "table", UINT32_MAX, &out->table) ||
	    !take_number(cursor, "fwmark", UINT32_MAX, &out->fwmark) ||
	    !take_number(cursor, "not", 1, &inverted) ||
	    !take_number(cursor, "suppress", 1, &suppress))
		return false;
	out->family = (uint8_t)family;
	out->not_fwmark = inverted != 0;
	out->suppress_default = suppress != 0;
	return true;
}

int jvpn_journal_item_decode(const char *line, struct jvpn_journal_item *out)
{
	char copy[JVPN_JOURNAL_LINE_MAX];
	struct jvpn_journal_item item;
	char *cursor = copy;
	const char *word;
	bool good = false;

	if (strlen(line) >= sizeof(copy))
		return JVPN_EMALFORMED;
	memset(&item, 0, sizeof(item));
	memcpy(copy, line, strlen(line) + 1);
	word = next_word(&cursor);
	if (strcmp(word, "address") == 0) {
		item.kind = JVPN_JOURNAL_ADDRESS;
		good = decode_address(&cursor, &item.u.address);
	} else if (strcmp(word, "route") == 0) {
		item.kind = JVPN_JOURNAL_ROUTE;
		good = decode_route(&cursor, &item.u.route);
	} else if (strcmp(word, "rule") == 0) {
		item.kind = JVPN_JOURNAL_RULE;
		good = decode_rule(&cursor, &item.u.rule);
	}
	if (!good || cursor != NULL)
		return JVPN_EMALFORMED;
	*out = item;
	return 0;
}

/* The closing line, and nothing behind it. */
static bool is_closing(char *line, const char *rest, size_t count)
{
	uint32_t stored;

	return take_number(&line, "end", UINT32_MAX, &stored) && line == NULL && stored == count &&
	       rest != NULL && *rest == '\0';
}

int jvpn_journal_decode(char *text, struct jvpn_journal_item *items, size_t max, size_t *count)
{
	char *rest = text, *line = strsep(&rest, "\n");
	size_t n = 0;

	if (strcmp(line, JOURNAL_HEAD) != 0)
		return JVPN_EMALFORMED;
	while ((line = strsep(&rest, "\n")) != NULL) {
		int err;

		if (strncmp(line, "end ", 4) == 0) {
			*count = n;
			return is_closing(line, rest, n) ? 0 : JVPN_EMALFORMED;
		}
		if (n == max)
			return JVPN_EFULL;
		err = jvpn_journal_item_decode(line, &items[n]);
		if (err != 0)
			return err;
		n++;
	}
	return JVPN_EMALFORMED;
}

static int file_error(int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
	case EROFS:
		return JVPN_EPERM;
	case ENOENT:
		return JVPN_ENOTFOUND;
	case ELOOP:
		return JVPN_EMALFORMED;
	default:
		return JVPN_EIO;
	}
}

/* A journal makes us delete routes: it must be a plain file that only we can write. */
static int check_file(int fd, size_t *size)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return file_error(errno);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 || st.st_size > JVPN_JOURNAL_FILE_MAX)
		return JVPN_EMALFORMED;
	*size = (size_t)st.st_size;
	return 0;
}

static int read_all(int fd, char *text, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, text + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return JVPN_EIO;
		done += (size_t)n;
	}
	text[size] = '\0';
	/* A NUL inside would hide what follows it. */
	return strlen(text) == size ? 0 : JVPN_EMALFORMED;
}

int jvpn_journal_load(const char *path, struct jvpn_journal_item *items, size_t max, size_t *count)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *text = NULL;
	size_t size = 0;
	int err;

	*count = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : file_error(errno);
	err = check_file(fd, &size);
	if (err != 0)
		goto out;
	text = malloc(size + 1);
	if (text == NULL) {
		err = JVPN_ENOMEM;
		goto out;
	}
	err = read_all(fd, text, size);
	if (err == 0)
		err = jvpn_journal_decode(text, items, max, count);
	if (err == JVPN_EFULL)
		err = JVPN_EMALFORMED;
out:
	free(text);
	close(fd);
	return err;
}

static int make_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];

	if (slash == NULL || slash == path)
		return 0;
	if ((size_t)(slash - path) >= sizeof(dir))
		return JVPN_ENOSPACE;
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = '\0';
	return mkdir(dir, JOURNAL_DIR_MODE) == 0 || errno == EEXIST ? 0 : file_error(errno);
}

static int write_items(FILE *file, const struct jvpn_journal_item *items, size_t count)
{
	char line[JVPN_JOURNAL_LINE_MAX];

	fputs(JOURNAL_HEAD "\n", file);
	for (size_t i = 0; i < count; i++) {
		int err = jvpn_journal_item_encode(&items[i], line, sizeof(line));

		if (err != 0)
			return err;
		fprintf(file, "%s\n", line);
	}
	fprintf(file, "end %zu\n", count);
	return fflush(file) == 0 && !ferror(file) ? 0 : JVPN_EIO;
}

static int write_file(const char *path, const struct jvpn_journal_item *items, size_t count)
{
	FILE *file;
	int fd, err;

	(void)unlink(path); /* of a predecessor that died while writing */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, JOURNAL_MODE);
	if (fd < 0)
		return file_error(errno);
	file = fdopen(fd, "w");
	if (file == NULL) {
		close(fd);
		return JVPN_ENOMEM;
	}
	err = write_items(file, items, count);
	if (fclose(file) != 0 && err == 0)
		err = JVPN_EIO;
	return err;
}

int jvpn_journal_save(const char *path, const struct jvpn_journal_item *items, size_t count)
{
	char temporary[PATH_MAX];
	int n = snprintf(temporary, sizeof(temporary), "%s.tmp", path);
	int err;

	if (n < 0 || (size_t)n >= sizeof(temporary))
		return JVPN_ENOSPACE;
	if (count == 0)
		return unlink(path) == 0 || errno == ENOENT ? 0 : file_error(errno);
	err = make_directory(path);
	if (err == 0)
		err = write_file(temporary, items, count);
	if (err == 0 && rename(temporary, path) != 0)
		err = file_error(errno);
	if (err != 0)
		(void)unlink(temporary);
	return err;
}
