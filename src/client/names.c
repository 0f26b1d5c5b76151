/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The readers of names.h.
 */
#include "client/names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#define DNS_PORT   53
#define WORD_MAX   256
#define SEPARATORS " \t\r"

bool jvpn_names_numeric(const char *text, struct sockaddr_storage *out)
{
	/* Numeric only: getaddrinfo() asks nobody, and knows scopes. */
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *list = NULL;
	bool ok;

	if (getaddrinfo(text, NULL, &hints, &list))
		return false;
	ok = list->ai_family == AF_INET || list->ai_family == AF_INET6;
	if (ok) {
		memset(out, 0, sizeof(*out));
		memcpy(out, list->ai_addr, list->ai_addrlen);
	}
	freeaddrinfo(list);
	return ok;
}

/* The next word of the line at *at, cut to its room; false at the end of the line or at a comment. */
static bool next_word(const char **at, char word[WORD_MAX])
{
	size_t len;

	*at += strspn(*at, SEPARATORS);
	len = strcspn(*at, SEPARATORS "\n#");
	if (len == 0)
		return false;
	if (len >= WORD_MAX)
		len = WORD_MAX - 1;
	memcpy(word, *at, len);
	word[len] = '\0';
	*at += strcspn(*at, SEPARATORS "\n#");
	return true;
}

static const char *next_line(const char *at)
{
	at += strcspn(at, "\n");
	return *at ? at + 1 : at;
}

static void set_port(struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET6)
		((struct sockaddr_in6 *)a)->sin6_port = htons(DNS_PORT);
	else
		((struct sockaddr_in *)a)->sin_port = htons(DNS_PORT);
}

void jvpn_names_add_servers(const char *text, struct jvpn_names_servers *out)
{
	char word[WORD_MAX];

	for (; *text && out->count < JVPN_NAMES_SERVERS_MAX; text = next_line(text)) {
		struct sockaddr_storage *a = &out->item[out->count];
		const char *at = text;

		if (*at == ';' || !next_word(&at, word) || strcmp(word, "nameserver") != 0 ||
		    !next_word(&at, word) || !jvpn_names_numeric(word, a))
			continue;
		set_port(a);
		out->count++;
	}
}

static bool is_local(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
	return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
}

bool jvpn_names_are_local(const struct jvpn_names_servers *servers)
{
	for (size_t i = 0; i < servers->count; i++)
		if (!is_local(&servers->item[i]))
			return false;
	return true;
}

static bool names(const char *at, const char *name)
{
	char word[WORD_MAX];

	while (next_word(&at, word))
		if (strcasecmp(word, name) == 0)
			return true;
	return false;
}

void jvpn_names_find_host(const char *text, const char *name, struct jvpn_names_addresses *out)
{
	char word[WORD_MAX];

	out->count = 0;
	for (; *text && out->count < JVPN_NAMES_ADDRESSES_MAX; text = next_line(text)) {
		const char *at = text;

		if (next_word(&at, word) && names(at, name) &&
		    jvpn_names_numeric(word, &out->item[out->count]))
			out->count++;
	}
}
