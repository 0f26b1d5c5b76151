/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Text to typed values. No locale, no rounding: what does not fit exactly is an error.
 */
#include "config/value.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

struct unit {
	const char *text;
	uint64_t factor;
};

static const struct unit duration_units[] = {
	{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

static const struct unit size_units[] = {
	{"", 1}, {"KiB", 1ULL << 10}, {"MiB", 1ULL << 20}, {"GiB", 1ULL << 30}, {NULL, 0},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits from *text on; moves it behind them. */
static int take_digits(const char **text, uint64_t *out)
{
	const char *p = *text;
	uint64_t v = 0;
	int rc = is_digit(*p) ? 0 : JVPN_EMALFORMED;

	for (; is_digit(*p); p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (v > (UINT64_MAX - digit) / 10)
			rc = JVPN_ERANGE;
		else
			v = v * 10 + digit;
	}
	*text = p;
	*out = v;
	return rc;
}

int jvpn_value_bool(const char *text, bool *out)
{
	bool yes = strcmp(text, "true") == 0;

	if (!yes && strcmp(text, "false") != 0)
		return JVPN_EMALFORMED;
	*out = yes;
	return 0;
}

int jvpn_value_uint(const char *text, uint64_t *out)
{
	uint64_t v;
	/* 010 is eight to one reader and ten to another. */
	int rc = text[0] == '0' && text[1] ? JVPN_EMALFORMED : take_digits(&text, &v);

	if (*text && rc != JVPN_EMALFORMED)
		return JVPN_EMALFORMED;
	if (!rc)
		*out = v;
	return rc;
}

int jvpn_value_decimal(const char *text, unsigned digits, uint64_t *out)
{
	uint64_t v;
	int rc = take_digits(&text, &v);

	if (rc == JVPN_EMALFORMED)
		return rc;
	if (*text == '.' && !is_digit(*++text))
		return JVPN_EMALFORMED;
	for (unsigned i = 0; i < digits; i++) {
		uint64_t digit = is_digit(*text) ? (uint64_t)(*text++ - '0') : 0;

		if (v > (UINT64_MAX - digit) / 10)
			rc = JVPN_ERANGE;
		else
			v = v * 10 + digit;
	}
	/* More precision than the value has would be lost silently, except for zeros. */
	while (*text == '0')
		text++;
	if (*text)
		return is_digit(*text) ? JVPN_ERANGE : JVPN_EMALFORMED;
	if (!rc)
		*out = v;
	return rc;
}

static int apply_unit(const struct unit *units, const char *text, uint64_t v, uint64_t *out)
{
	for (; units->text; units++) {
		if (strcmp(units->text, text) != 0)
			continue;
		if (v > UINT64_MAX / units->factor)
			return JVPN_ERANGE;
		*out = v * units->factor;
		return 0;
	}
	return JVPN_EMALFORMED;
}

int jvpn_value_duration_ms(const char *text, bool bare_ok, uint64_t *out)
{
	uint64_t v;
	int rc = take_digits(&text, &v);

	if (rc)
		return rc;
	if (*text == '\0' && (bare_ok || v == 0)) {
		*out = v;
		return 0;
	}
	return apply_unit(duration_units, text, v, out);
}

int jvpn_value_bytes(const char *text, uint64_t *out)
{
	uint64_t v;
	int rc = take_digits(&text, &v);

	return rc ? rc : apply_unit(size_units, text, v, out);
}

static bool has_host_bits(const struct jvpn_prefix *prefix)
{
	struct jvpn_prefix masked = *prefix;

	jvpn_prefix_mask(&masked);
	return !jvpn_prefix_equal(&masked, prefix);
}

int jvpn_value_prefix(const char *text, struct jvpn_prefix *out)
{
	struct jvpn_prefix prefix = {0};
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	uint64_t length;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return JVPN_EMALFORMED;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	prefix.family = strchr(address, ':') ? 6 : 4;
	if (inet_pton(prefix.family == 6 ? AF_INET6 : AF_INET, address, prefix.address) != 1 ||
	    jvpn_value_uint(slash + 1, &length))
		return JVPN_EMALFORMED;
	if (length > (prefix.family == 6 ? 128 : 32))
		return JVPN_ERANGE;
	prefix.length = (uint8_t)length;
	if (has_host_bits(&prefix))
		return JVPN_EINVAL;
	*out = prefix;
	return 0;
}

/* Splits "host:port" and "[v6]:port"; the host goes to out->host without brackets. */
static int split_host(const char *text, struct jvpn_config_host *out, bool *bracketed)
{
	const char *colon = strrchr(text, ':');
	const char *begin = text, *end = colon;
	uint64_t port;

	if (!colon || jvpn_value_uint(colon + 1, &port))
		return JVPN_EMALFORMED;
	*bracketed = text[0] == '[';
	if (*bracketed) {
		begin++;
		end--;
		if (end < begin || *end != ']')
			return JVPN_EMALFORMED;
	}
	if (end <= begin || (size_t)(end - begin) >= sizeof(out->host))
		return JVPN_EMALFORMED;
	if (port < 1 || port > 65535)
		return JVPN_ERANGE;
	memcpy(out->host, begin, (size_t)(end - begin));
	out->host[end - begin] = '\0';
	out->port = (uint16_t)port;
	return 0;
}

int jvpn_value_ip(const char *text, struct jvpn_prefix *out)
{
	uint8_t address[16] = {0};
	bool is_v6 = strchr(text, ':') != NULL;

	if (inet_pton(is_v6 ? AF_INET6 : AF_INET, text, address) != 1)
		return JVPN_EMALFORMED;
	return jvpn_prefix_set(out, is_v6 ? 6 : 4, address, is_v6 ? 128 : 32);
}

int jvpn_value_address(const char *text, struct sockaddr_storage *out)
{
	struct jvpn_config_host split = {0};
	struct sockaddr_storage ss = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ss;
	bool bracketed;
	int rc = split_host(text, &split, &bracketed);

	if (rc)
		return rc;
	if (bracketed ? inet_pton(AF_INET6, split.host, &v6->sin6_addr) != 1
		      : inet_pton(AF_INET, split.host, &v4->sin_addr) != 1)
		return JVPN_EMALFORMED;
	if (bracketed) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(split.port);
	} else {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(split.port);
	}
	*out = ss;
	return 0;
}

static bool is_ip(const char *text)
{
	struct in6_addr any;

	return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

static bool is_name_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	       c == '_';
}

bool jvpn_value_is_host_name(const char *text, bool ip_ok)
{
	size_t label = 0, len = strlen(text);
	bool digits_only = true;

	if (is_ip(text))
		return ip_ok;
	if (len == 0 || len > JVPN_CONFIG_HOST_MAX)
		return false;
	for (const char *c = text; *c; c++) {
		if (*c == '.') {
			if (label == 0 || c[-1] == '-')
				return false;
			label = 0;
			digits_only = true;
			continue;
		}
		if (!is_name_char(*c) || (*c == '-' && label == 0) || ++label > 63)
			return false;
		digits_only = digits_only && is_digit(*c);
	}
	/* 192.0.2.300 is a mistyped address, not a name (RFC 3696 section 2). */
	return label > 0 && !digits_only && text[len - 1] != '-';
}

int jvpn_value_host(const char *text, struct jvpn_config_host *out)
{
	struct jvpn_config_host split = {0};
	struct in6_addr any;
	bool bracketed;
	int rc = split_host(text, &split, &bracketed);

	if (rc)
		return rc;
	if (bracketed ? inet_pton(AF_INET6, split.host, &any) != 1
		      : strchr(split.host, ':') || !jvpn_value_is_host_name(split.host, true))
		return JVPN_EMALFORMED;
	*out = split;
	return 0;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int jvpn_value_hex(const char *text, struct jvpn_config_hex *out)
{
	struct jvpn_config_hex hex = {0};
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (hex_digit(text[i]) < 0)
			return JVPN_EMALFORMED;
	if (len % 2 != 0 || len > 2 * sizeof(hex.data))
		return JVPN_ERANGE;
	for (size_t i = 0; i < len; i += 2)
		hex.data[i / 2] = (uint8_t)(hex_digit(text[i]) << 4 | hex_digit(text[i + 1]));
	hex.length = (uint8_t)(len / 2);
	*out = hex;
	return 0;
}
