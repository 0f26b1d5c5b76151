/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The types of configuration keys as one table. Knows no files and no trees.
 */
#include "config/key_type.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "base/err.h"
#include "config/events.h"
#include "config/file.h"

static int in_bounds(const struct jvpn_key *key, uint64_t v)
{
	return v < key->min || v > key->max ? JVPN_ERANGE : 0;
}

static int store_uint(const struct jvpn_key *key, int rc, uint64_t v, void *out)
{
	if (!rc)
		rc = in_bounds(key, v);
	if (!rc)
		memcpy(out, &v, sizeof(v));
	return rc;
}

/* texts */

static int parse_text(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	size_t len = strlen(text);

	(void)file;
	for (const char *c = text; *c; c++)
		if (((unsigned char)*c < ' ' &&
		     !(key->type == JVPN_KEY_TEXT && (*c == '\n' || *c == '\t'))) ||
		    *c == 0x7f)
			return JVPN_EMALFORMED;
	if (in_bounds(key, len))
		return JVPN_ERANGE;
	memcpy(out, text, len + 1);
	return 0;
}

static void *names_item(void *list, size_t i, size_t **count)
{
	struct jvpn_config_names *v = list;

	*count = &v->count;
	return i < JVPN_CONFIG_NAMES_MAX ? v->item[i] : NULL;
}

static void *outputs_item(void *list, size_t i, size_t **count)
{
	struct jvpn_config_outputs *v = list;

	*count = &v->count;
	return i < JVPN_CONFIG_OUTPUTS_MAX ? v->item[i] : NULL;
}

static bool is_charset(const char *text, bool upper_ok)
{
	for (; *text; text++)
		if (!((*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') ||
		      (upper_ok && *text >= 'A' && *text <= 'Z') || strchr("._-", *text)))
			return false;
	return true;
}

static int parse_name(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	if (!is_charset(text, key->type != JVPN_KEY_LABEL))
		return JVPN_EMALFORMED;
	return parse_text(key, file, text, out);
}

static int parse_host_name(const struct jvpn_key *key, const char *file, const char *text,
			   void *out)
{
	(void)key, (void)file;
	if (!jvpn_value_is_host_name(text, true))
		return JVPN_EMALFORMED;
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static bool is_output_word(const char *text)
{
	return strcmp(text, "stdout") == 0 || strcmp(text, "journald") == 0 ||
	       strcmp(text, "syslog") == 0;
}

static int parse_path(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	if (key->type == JVPN_KEY_OUTPUTS && is_output_word(text)) {
		memcpy(out, text, strlen(text) + 1);
		return 0;
	}
	if (key->type == JVPN_KEY_DIR && strcmp(text, "none") == 0) {
		memcpy(out, text, sizeof("none"));
		return 0;
	}
	if (key->type == JVPN_KEY_SOCKET && strcmp(text, "off") == 0) {
		memcpy(out, text, sizeof("off"));
		return 0;
	}
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			return JVPN_EMALFORMED;
	if (!*text)
		return JVPN_EMALFORMED;
	return jvpn_config_path_resolve(file, text, out) ? JVPN_ERANGE : 0;
}

/* min and max of a list count its entries. */
static int parse_command(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	struct jvpn_key one = {.type = JVPN_KEY_STRING, .min = 1, .max = JVPN_CONFIG_COMMAND_MAX};

	(void)key;
	return parse_text(&one, file, text, out);
}

static void describe_command(const struct jvpn_key *key, char *out, size_t size)
{
	(void)key;
	snprintf(out, size, "shell command of 1..%d bytes on one line", JVPN_CONFIG_COMMAND_MAX);
}

static void describe_text(const struct jvpn_key *key, char *out, size_t size)
{
	snprintf(out, size, "text of %" PRIu64 "..%" PRIu64 " bytes%s", key->min, key->max,
		 key->type == JVPN_KEY_TEXT ? "" : " without control characters");
}

static void describe_name(const struct jvpn_key *key, char *out, size_t size)
{
	snprintf(out, size, "%" PRIu64 "..%" PRIu64 " characters of %s", key->min, key->max,
		 key->type != JVPN_KEY_LABEL ? "A-Z a-z 0-9 . _ -" : "a-z 0-9 . _ -");
}

static void describe_fixed(const struct jvpn_key *key, char *out, size_t size)
{
	static const char *const texts[JVPN_KEY_COUNT] = {
		[JVPN_KEY_PATH] = "path of a file",
		[JVPN_KEY_OUTPUTS] = "stdout, journald, syslog or the path of a file",
		[JVPN_KEY_DIR] = "none or the path of a directory",
		[JVPN_KEY_SOCKET] = "off or the path of a socket",
		[JVPN_KEY_HOST_NAME] = "host name or IP address",
		[JVPN_KEY_BOOL] = "true or false",
		[JVPN_KEY_HEX] = "0 to 16 hex digits, an even number",
		[JVPN_KEY_PREFIX4] = "IPv4 prefix such as 10.9.0.0/24",
		[JVPN_KEY_PREFIX6] = "IPv6 prefix such as fd00:9::/64",
		[JVPN_KEY_IPS] = "IP address such as 10.77.0.1",
		[JVPN_KEY_DOMAINS] = "domain name such as corp.example",
		[JVPN_KEY_PREFIXES] = "IP prefix such as 0.0.0.0/0",
		[JVPN_KEY_ADDRESSES] = "address:port such as 0.0.0.0:443 or [::]:443",
		[JVPN_KEY_LISTEN] =
			"off, a port of 127.0.0.1, or address:port such as 192.0.2.1:9100",
		[JVPN_KEY_HOSTS] = "host:port such as vpn.example.net:443 or [2001:db8::1]:443",
		[JVPN_KEY_HOST_PORT] = "host:port such as vpn.example.net:443 or [2001:db8::1]:443",
	};

	snprintf(out, size, "%s", texts[key->type]);
}

static void print_text(const struct jvpn_key *key, const void *item, FILE *stream)
{
	(void)key;
	fputc('"', stream);
	for (const char *c = item; *c; c++) {
		if (*c == '"' || *c == '\\' || *c == '\n' || *c == '\t')
			fputc('\\', stream);
		fputc(*c == '\n' ? 'n' : *c == '\t' ? 't' : *c, stream);
	}
	fputc('"', stream);
}

/* numbers */

static int parse_bool(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	(void)key, (void)file;
	return jvpn_value_bool(text, out);
}

static void print_bool(const struct jvpn_key *key, const void *item, FILE *stream)
{
	(void)key;
	fputs(*(const bool *)item ? "true" : "false", stream);
}

static int parse_uint(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	uint64_t v = 0;
	int rc = jvpn_value_uint(text, &v);

	(void)file;
	return store_uint(key, rc, v, out);
}

static int parse_duration(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	uint64_t v = 0;
	int rc = jvpn_value_duration_ms(text, key->type == JVPN_KEY_MS, &v);

	(void)file;
	return store_uint(key, rc, v, out);
}

static int parse_bytes(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	uint64_t v = 0;
	int rc = jvpn_value_bytes(text, &v);

	(void)file;
	return store_uint(key, rc, v, out);
}

static unsigned decimals(const struct jvpn_key *key)
{
	return key->type == JVPN_KEY_PPM ? 6 : 3;
}

static int parse_decimal(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	uint64_t v = 0;
	int rc = jvpn_value_decimal(text, decimals(key), &v);

	(void)file;
	return store_uint(key, rc, v, out);
}

static void format_decimal(uint64_t v, unsigned digits, char *out, size_t size)
{
	uint64_t scale = digits == 6 ? 1000000 : 1000;
	int len = snprintf(out, size, "%" PRIu64 ".%0*" PRIu64, v / scale, (int)digits, v % scale);

	if (len < 0 || (size_t)len >= size)
		return;
	while (out[len - 1] == '0' && out[len - 2] != '.')
		out[--len] = '\0';
}

struct unit {
	uint64_t factor;
	const char *text;
};

static const struct unit size_units[] = {
	{1ULL << 30, "GiB"},
	{1ULL << 20, "MiB"},
	{1ULL << 10, "KiB"},
	{1, ""},
};

static const struct unit duration_units[] = {
	{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"},
};

/* With the largest unit that divides it; the last unit divides everything. */
static void format_unit(uint64_t v, const struct unit *units, char *out, size_t size)
{
	while (v % units->factor != 0)
		units++;
	snprintf(out, size, "%" PRIu64 "%s", v / units->factor, units->text);
}

static void format_uint(const struct jvpn_key *key, uint64_t v, char *out, size_t size)
{
	if (v == 0)
		snprintf(out, size, "0");
	else if (key->type == JVPN_KEY_PPM || key->type == JVPN_KEY_MILLI)
		format_decimal(v, decimals(key), out, size);
	else if (key->type == JVPN_KEY_BYTES)
		format_unit(v, size_units, out, size);
	else if (key->type == JVPN_KEY_DURATION || key->type == JVPN_KEY_MS)
		format_unit(v, duration_units, out, size);
	else
		snprintf(out, size, "%" PRIu64, v);
}

static void describe_uint(const struct jvpn_key *key, char *out, size_t size)
{
	static const struct {
		const char *before, *after;
	} nouns[JVPN_KEY_COUNT] = {
		[JVPN_KEY_UINT] = {"integer", ""},
		[JVPN_KEY_DURATION] = {"duration", " with a unit (ms s min h d)"},
		[JVPN_KEY_MS] = {"milliseconds", " or a duration with a unit (ms s min h d)"},
		[JVPN_KEY_BYTES] = {"bytes", " or a size with a unit (KiB MiB GiB)"},
		[JVPN_KEY_PPM] = {"ratio", ""},
		[JVPN_KEY_MILLI] = {"factor", ""},
	};
	struct jvpn_key bare = *key;
	char min[32], max[32];

	if (key->type == JVPN_KEY_MS)
		bare.type = JVPN_KEY_UINT;
	format_uint(&bare, key->min, min, sizeof(min));
	format_uint(&bare, key->max, max, sizeof(max));
	snprintf(out, size, "%s %s%s%s%s", nouns[key->type].before, min,
		 key->min == key->max ? "" : "..", key->min == key->max ? "" : max,
		 nouns[key->type].after);
}

static void print_uint(const struct jvpn_key *key, const void *item, FILE *stream)
{
	char text[32];
	uint64_t v;

	memcpy(&v, item, sizeof(v));
	format_uint(key, v, text, sizeof(text));
	fputs(text, stream);
}

/* words */

static int parse_word(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	(void)file;
	for (const struct jvpn_word *w = key->words; w->text; w++)
		if (strcmp(w->text, text) == 0) {
			if (out)
				memcpy(out, &w->value, sizeof(w->value));
			return 0;
		}
	return JVPN_EMALFORMED;
}

static int parse_unstored_word(const struct jvpn_key *key, const char *file, const char *text,
			       void *out)
{
	(void)out;
	return parse_word(key, file, text, NULL);
}

static void describe_word(const struct jvpn_key *key, char *out, size_t size)
{
	const struct jvpn_word *w = key->words;
	int len = snprintf(out, size, "%s", w[1].text ? "one of " : "");

	for (; w->text && len >= 0 && (size_t)len < size; w++)
		len += snprintf(out + len, size - (size_t)len, "%s%s", w->text,
				w[1].text ? ", " : "");
}

static void print_word(const struct jvpn_key *key, const void *item, FILE *stream)
{
	const struct jvpn_word *w = key->words;

	if (key->type == JVPN_KEY_WORD)
		while (w->text && memcmp(&w->value, item, sizeof(w->value)) != 0)
			w++;
	fputs(w->text ? w->text : "", stream);
}

/* addresses */

static int parse_prefix(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	struct jvpn_prefix prefix;
	int rc = jvpn_value_prefix(text, &prefix);

	(void)file;
	if (rc)
		return rc;
	if ((key->type == JVPN_KEY_PREFIX4 && prefix.family != 4) ||
	    (key->type == JVPN_KEY_PREFIX6 && prefix.family != 6))
		return JVPN_EMALFORMED;
	if (key->type != JVPN_KEY_PREFIXES && in_bounds(key, prefix.length))
		return JVPN_ERANGE;
	memcpy(out, &prefix, sizeof(prefix));
	return 0;
}

static void describe_prefix(const struct jvpn_key *key, char *out, size_t size)
{
	char text[96];

	describe_fixed(key, text, sizeof(text));
	snprintf(out, size, "%s of length %" PRIu64 "..%" PRIu64, text, key->min, key->max);
}

static void print_prefix(const struct jvpn_key *key, const void *item, FILE *stream)
{
	char text[JVPN_PREFIX_FORMAT_MAX];

	jvpn_prefix_format(item, text);
	print_text(key, text, stream);
}

static int parse_address(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	(void)key, (void)file;
	return jvpn_value_address(text, out);
}

static void print_address(const struct jvpn_key *key, const void *item, FILE *stream)
{
	const struct sockaddr_storage *ss = item;
	const struct sockaddr_in *v4 = item;
	const struct sockaddr_in6 *v6 = item;
	char host[INET6_ADDRSTRLEN] = "", text[INET6_ADDRSTRLEN + 16];
	bool is_v6 = ss->ss_family == AF_INET6;

	inet_ntop(ss->ss_family, is_v6 ? (const void *)&v6->sin6_addr : &v4->sin_addr, host,
		  sizeof(host));
	snprintf(text, sizeof(text), is_v6 ? "[%s]:%u" : "%s:%u", host,
		 ntohs(is_v6 ? v6->sin6_port : v4->sin_port));
	print_text(key, text, stream);
}

/* A port alone is one of this machine's own. */
static int parse_listen(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	struct sockaddr_in local = {.sin_family = AF_INET};
	uint64_t port;

	(void)key, (void)file;
	if (strcmp(text, "off") == 0) {
		memset(out, 0, sizeof(struct sockaddr_storage));
		return 0;
	}
	if (jvpn_value_uint(text, &port))
		return jvpn_value_address(text, out);
	if (port < 1 || port > UINT16_MAX)
		return JVPN_ERANGE;
	local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	local.sin_port = htons((uint16_t)port);
	memset(out, 0, sizeof(struct sockaddr_storage));
	memcpy(out, &local, sizeof(local));
	return 0;
}

static void print_listen(const struct jvpn_key *key, const void *item, FILE *stream)
{
	const struct sockaddr_storage *ss = item;

	if (ss->ss_family == 0)
		fputs("off", stream);
	else
		print_address(key, item, stream);
}

static int parse_host_port(const struct jvpn_key *key, const char *file, const char *text,
			   void *out)
{
	(void)key, (void)file;
	return jvpn_value_host(text, out);
}

static void print_host_port(const struct jvpn_key *key, const void *item, FILE *stream)
{
	const struct jvpn_config_host *host = item;
	char text[JVPN_CONFIG_HOST_MAX + 16];

	snprintf(text, sizeof(text), strchr(host->host, ':') ? "[%s]:%u" : "%s:%u", host->host,
		 host->port);
	print_text(key, text, stream);
}

static int parse_ip(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	(void)key, (void)file;
	return jvpn_value_ip(text, out);
}

static void print_ip(const struct jvpn_key *key, const void *item, FILE *stream)
{
	char text[JVPN_PREFIX_FORMAT_MAX];

	jvpn_prefix_format(item, text);
	text[strcspn(text, "/")] = '\0';
	print_text(key, text, stream);
}

static int parse_domain(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	(void)key, (void)file;
	if (!jvpn_value_is_host_name(text, false))
		return JVPN_EMALFORMED;
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int parse_hex(const struct jvpn_key *key, const char *file, const char *text, void *out)
{
	(void)key, (void)file;
	return jvpn_value_hex(text, out);
}

static void print_hex(const struct jvpn_key *key, const void *item, FILE *stream)
{
	const struct jvpn_config_hex *hex = item;
	char text[2 * sizeof(hex->data) + 1] = "";

	for (size_t i = 0; i < hex->length; i++)
		snprintf(text + 2 * i, 3, "%02x", hex->data[i]);
	print_text(key, text, stream);
}

static void *prefixes_item(void *list, size_t i, size_t **count)
{
	struct jvpn_config_prefixes *v = list;

	*count = &v->count;
	return i < JVPN_CONFIG_LIST_MAX ? &v->item[i] : NULL;
}

static void *addresses_item(void *list, size_t i, size_t **count)
{
	struct jvpn_config_addresses *v = list;

	*count = &v->count;
	return i < JVPN_CONFIG_LISTEN_MAX ? &v->item[i] : NULL;
}

static void *hosts_item(void *list, size_t i, size_t **count)
{
	struct jvpn_config_hosts *v = list;

	*count = &v->count;
	return i < JVPN_CONFIG_HOSTS_MAX ? &v->item[i] : NULL;
}

static void *domains_item(void *list, size_t i, size_t **count)
{
	struct jvpn_config_domains *v = list;

	*count = &v->count;
	return i < JVPN_CONFIG_DOMAINS_MAX ? v->item[i] : NULL;
}

static void *commands_item(void *list, size_t i, size_t **count)
{
	struct jvpn_config_commands *v = list;

	*count = &v->count;
	return i < JVPN_CONFIG_COMMANDS_MAX ? v->item[i] : NULL;
}

#define TEXT_TYPE(parse_fn, describe_fn)                                                           \
	{                                                                                          \
		.parse = (parse_fn), .describe = (describe_fn), .print = print_text,               \
		.item_size = 1                                                                     \
	}
#define NUMBER_TYPE(parse_fn)                                                                      \
	{                                                                                          \
		.bare_only = true, .parse = (parse_fn), .describe = describe_uint,                 \
		.print = print_uint, .item_size = sizeof(uint64_t)                                 \
	}

static const struct jvpn_key_type_info types[JVPN_KEY_COUNT] = {
	[JVPN_KEY_STRING] = TEXT_TYPE(parse_text, describe_text),
	[JVPN_KEY_TEXT] = TEXT_TYPE(parse_text, describe_text),
	[JVPN_KEY_PATH] = TEXT_TYPE(parse_path, describe_fixed),
	[JVPN_KEY_DIR] = TEXT_TYPE(parse_path, describe_fixed),
	[JVPN_KEY_SOCKET] = TEXT_TYPE(parse_path, describe_fixed),
	[JVPN_KEY_NAME] = TEXT_TYPE(parse_name, describe_name),
	[JVPN_KEY_LABEL] = TEXT_TYPE(parse_name, describe_name),
	[JVPN_KEY_HOST_NAME] = TEXT_TYPE(parse_host_name, describe_fixed),
	[JVPN_KEY_BOOL] = {.bare_only = true,
			   .parse = parse_bool,
			   .describe = describe_fixed,
			   .print = print_bool,
			   .item_size = sizeof(bool)},
	[JVPN_KEY_UINT] = NUMBER_TYPE(parse_uint),
	[JVPN_KEY_DURATION] = NUMBER_TYPE(parse_duration),
	[JVPN_KEY_MS] = NUMBER_TYPE(parse_duration),
	[JVPN_KEY_BYTES] = NUMBER_TYPE(parse_bytes),
	[JVPN_KEY_PPM] = NUMBER_TYPE(parse_decimal),
	[JVPN_KEY_MILLI] = NUMBER_TYPE(parse_decimal),
	[JVPN_KEY_WORD] = {.parse = parse_word,
			   .describe = describe_word,
			   .print = print_word,
			   .item_size = sizeof(int)},
	[JVPN_KEY_HEX] = {.parse = parse_hex,
			  .describe = describe_fixed,
			  .print = print_hex,
			  .item_size = sizeof(struct jvpn_config_hex)},
	[JVPN_KEY_PREFIX4] = {.parse = parse_prefix,
			      .describe = describe_prefix,
			      .print = print_prefix,
			      .item_size = sizeof(struct jvpn_prefix)},
	[JVPN_KEY_PREFIX6] = {.parse = parse_prefix,
			      .describe = describe_prefix,
			      .print = print_prefix,
			      .item_size = sizeof(struct jvpn_prefix)},
	[JVPN_KEY_PREFIXES] = {.is_list = true,
			       .parse = parse_prefix,
			       .describe = describe_fixed,
			       .print = print_prefix,
			       .item = prefixes_item,
			       .item_size = sizeof(struct jvpn_prefix)},
	[JVPN_KEY_ADDRESSES] = {.is_list = true,
				.parse = parse_address,
				.describe = describe_fixed,
				.print = print_address,
				.item = addresses_item,
				.item_size = sizeof(struct sockaddr_storage)},
	[JVPN_KEY_LISTEN] = {.parse = parse_listen,
			     .describe = describe_fixed,
			     .print = print_listen,
			     .item_size = sizeof(struct sockaddr_storage)},
	[JVPN_KEY_HOST_PORT] = {.parse = parse_host_port,
				.describe = describe_fixed,
				.print = print_host_port,
				.item_size = sizeof(struct jvpn_config_host)},
	[JVPN_KEY_HOSTS] = {.is_list = true,
			    .parse = parse_host_port,
			    .describe = describe_fixed,
			    .print = print_host_port,
			    .item = hosts_item,
			    .item_size = sizeof(struct jvpn_config_host)},
	[JVPN_KEY_NAMES] = {.is_list = true,
			    .parse = parse_name,
			    .describe = describe_name,
			    .print = print_text,
			    .item = names_item,
			    .item_size = JVPN_CONFIG_NAME_MAX + 1},
	[JVPN_KEY_OUTPUTS] = {.is_list = true,
			      .parse = parse_path,
			      .describe = describe_fixed,
			      .print = print_text,
			      .item = outputs_item,
			      .item_size = JVPN_CONFIG_PATH_MAX},
	[JVPN_KEY_IPS] = {.is_list = true,
			  .parse = parse_ip,
			  .describe = describe_fixed,
			  .print = print_ip,
			  .item = prefixes_item,
			  .item_size = sizeof(struct jvpn_prefix)},
	[JVPN_KEY_DOMAINS] = {.is_list = true,
			      .parse = parse_domain,
			      .describe = describe_fixed,
			      .print = print_text,
			      .item = domains_item,
			      .item_size = JVPN_CONFIG_HOST_MAX + 1},
	[JVPN_KEY_COMMANDS] = {.is_list = true,
			       .parse = parse_command,
			       .describe = describe_command,
			       .print = print_text,
			       .item = commands_item,
			       .item_size = JVPN_CONFIG_COMMAND_MAX + 1},
	[JVPN_KEY_WORDS] = {.is_list = true,
			    .parse = parse_unstored_word,
			    .describe = describe_word,
			    .print = print_word},
};

const struct jvpn_key_type_info *jvpn_key_type_info(enum jvpn_key_type type)
{
	return &types[type];
}

void jvpn_key_clear(const struct jvpn_key *key, void *field)
{
	const struct jvpn_key_type_info *info = &types[key->type];
	size_t *count;

	if (info->item && info->item(field, 0, &count))
		*count = 0;
	else if (info->item_size)
		memset(field, 0, info->item_size);
}

bool jvpn_key_is_empty(const struct jvpn_key *key, const void *field)
{
	const struct jvpn_key_type_info *info = &types[key->type];
	const uint8_t *byte = field;
	size_t *count;

	if (info->item)
		return info->item((void *)(uintptr_t)field, 0, &count) && *count == 0;
	for (size_t i = 0; i < info->item_size; i++)
		if (byte[i])
			return false;
	return true;
}
