/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Requests and responses as field lines and back (RFC 9114 section 4, RFC 9220, RFC 9484).
 * Everything that comes in is bounded and checked here; nothing is decided about who may have a
 * tunnel.
 */
#include "quic/h3_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "crypto/wipe.h"

#define PATH_PREFIX    "/.well-known/masque/ip/"
#define METHOD_CONNECT "CONNECT"
#define PROTOCOL       "connect-ip"
#define TYPE_PROBLEM   "application/problem+json"
#define PROBLEM        "{\"type\":\"about:blank\",\"status\":%d,\"title\":\"%s\",\"reason\":\"%s\""
/* RFC 9114 section 4.2.2: name, value and 32 for each field. */
#define FIELD_OVERHEAD    32
#define RETRY_AFTER_MAX_S 86400U

/* The fields we know: where their value goes. Pseudo fields of a response are in here too. */
struct field {
	const char *name;
	size_t offset, size; /* size 0: not a string, see take_special() */
	bool response;
};

#define REQUEST_FIELD(n, member)                                                                   \
	{                                                                                          \
		(n), offsetof(struct jvpn_h3_request, member),                                     \
			sizeof(((struct jvpn_h3_request *)0)->member), false                       \
	}

static const struct field fields[] = {
	REQUEST_FIELD(":method", method),
	REQUEST_FIELD(":protocol", protocol),
	REQUEST_FIELD(":scheme", scheme),
	REQUEST_FIELD(":authority", authority),
	REQUEST_FIELD(":path", path),
	REQUEST_FIELD("authorization", authorization),
	REQUEST_FIELD("jumping-session", jumping_session),
	{"capsule-protocol", 0, 0, false},
	{":status", 0, 0, true},
	{"retry-after", 0, 0, true},
	{"jumping-session", offsetof(struct jvpn_h3_response, jumping_session),
	 sizeof(((struct jvpn_h3_response *)0)->jumping_session), true},
};

int jvpn_h3_fields_reset(struct jvpn_h3 *h3)
{
	if (h3->fields == NULL)
		h3->fields = malloc(sizeof(*h3->fields));
	if (h3->fields == NULL)
		return JVPN_ENOMEM;
	memset(h3->fields, 0, sizeof(*h3->fields));
	h3->fields_bytes = 0;
	h3->fields_seen = 0;
	h3->fields_bad = false;
	h3->fields_large = false;
	h3->body_len = 0;
	return 0;
}

void jvpn_h3_fields_drop(struct jvpn_h3 *h3)
{
	if (h3->fields == NULL)
		return;
	jvpn_wipe(h3->fields, sizeof(*h3->fields));
	free(h3->fields);
	h3->fields = NULL;
}

static bool equals(nghttp3_vec v, const char *text)
{
	return v.len == strlen(text) && memcmp(v.base, text, v.len) == 0;
}

static bool is_visible(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] < 0x20 || data[i] > 0x7e)
			return false;
	return true;
}

/* Decimal digits only; UINT32_MAX for anything else or more than 'max'. */
static uint32_t decimal(nghttp3_vec v, uint32_t max)
{
	uint32_t n = 0;

	if (v.len == 0 || v.len > 9)
		return UINT32_MAX;
	for (size_t i = 0; i < v.len; i++) {
		if (v.base[i] < '0' || v.base[i] > '9')
			return UINT32_MAX;
		n = n * 10 + (uint32_t)(v.base[i] - '0');
	}
	return n <= max ? n : UINT32_MAX;
}

static void take_special(struct jvpn_h3 *h3, const struct field *field, nghttp3_vec value)
{
	uint32_t n;

	if (strcmp(field->name, "capsule-protocol") == 0) {
		h3->fields->request.capsule_protocol = equals(value, "?1");
		return;
	}
	n = decimal(value, RETRY_AFTER_MAX_S);
	if (n == UINT32_MAX)
		return;
	if (strcmp(field->name, ":status") == 0)
		h3->fields->response.status = (int)n;
	else
		h3->fields->response.retry_after_s = n;
}

static void take(struct jvpn_h3 *h3, const struct field *field, nghttp3_vec value)
{
	char *base = field->response ? (char *)&h3->fields->response : (char *)&h3->fields->request;

	if (field->size == 0) {
		take_special(h3, field, value);
		return;
	}
	/* Too long or strange: "", as message.h says; a pseudo field makes the request a bad
	 * one. */
	if (value.len >= field->size || !is_visible(value.base, value.len)) {
		if (field->name[0] == ':' &&
		    field->offset != offsetof(struct jvpn_h3_request, path))
			h3->fields_bad = true;
		return;
	}
	memcpy(base + field->offset, value.base, value.len);
	base[field->offset + value.len] = '\0';
}

void jvpn_h3_fields_add(struct jvpn_h3 *h3, nghttp3_vec name, nghttp3_vec value)
{
	if (h3->fields == NULL)
		return;
	h3->fields_bytes += name.len + value.len + FIELD_OVERHEAD;
	if (h3->fields_bytes > JVPN_H3_FIELD_SECTION_MAX) {
		h3->fields_large = true;
		return;
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].response == h3->server || !equals(name, fields[i].name))
			continue;
		if ((h3->fields_seen & (1U << i)) != 0)
			h3->fields_bad = true; /* none of them is a list */
		h3->fields_seen |= 1U << i;
		take(h3, &fields[i], value);
		return;
	}
}

static const char *status_title(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{409, "Conflict"},
		{421, "Misdirected Request"},
		{429, "Too Many Requests"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{431, "Request Header Fields Too Large"},
	};

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Refused";
}

/* Makes text safe inside a JSON string: a copy of printable ASCII without quote and backslash. */
static void json_text(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; text[n] != '\0' && n + 1 < size; n++) {
		bool plain =
			text[n] >= 0x20 && text[n] <= 0x7e && text[n] != '"' && text[n] != '\\';

		out[n] = plain ? text[n] : '\'';
	}
	out[n] = '\0';
}

void jvpn_h3_problem(struct jvpn_h3_response *response, int status, const char *reason,
		     const char *detail)
{
	char code[64], text[256];

	json_text(reason, code, sizeof(code));
	json_text(detail != NULL ? detail : "", text, sizeof(text));
	response->status = status;
	snprintf(response->body, sizeof(response->body), PROBLEM "%s%s%s}", status,
		 status_title(status), code, text[0] != '\0' ? ",\"detail\":\"" : "", text,
		 text[0] != '\0' ? "\"" : "");
}

/* One path segment behind the prefix; NULL when there is none that ends in '/'. */
static const char *segment(const char *text, bool *any)
{
	const char *slash = strchr(text, '/');

	if (slash == NULL || slash == text)
		return NULL;
	*any = (slash - text == 1 && text[0] == '*') ||
	       (slash - text == 3 && strncasecmp(text, "%2a", 3) == 0);
	return slash + 1;
}

/* 0: any target and any protocol; 501: a well-formed scope we do not offer; 404: no such path. */
static int path_status(const char *path)
{
	const char *rest = path + strlen(PATH_PREFIX);
	bool any_target = false, any_protocol = false;

	if (strncmp(path, PATH_PREFIX, strlen(PATH_PREFIX)) != 0)
		return 404;
	rest = segment(rest, &any_target);
	if (rest != NULL)
		rest = segment(rest, &any_protocol);
	if (rest == NULL || *rest != '\0')
		return 404;
	return any_target && any_protocol ? 0 : 501;
}

static int refuse(struct jvpn_h3_response *refusal, int status, const char *reason,
		  const char *detail)
{
	memset(refusal, 0, sizeof(*refusal));
	jvpn_h3_problem(refusal, status, reason, detail);
	return status;
}

int jvpn_h3_request_check(struct jvpn_h3 *h3, struct jvpn_h3_response *refusal)
{
	const struct jvpn_h3_request *request = &h3->fields->request;
	int path = path_status(request->path);

	if (h3->fields_large)
		return refuse(refusal, 431, "fields_too_large", "more than 8192 octets of fields");
	if (h3->fields_bad)
		return refuse(refusal, 400, "bad_field",
			      "a field is repeated, too long or not ASCII");
	if (path == 404)
		return refuse(refusal, 404, "no_such_resource", "the tunnel is at " JVPN_H3_PATH);
	if (strcmp(request->method, METHOD_CONNECT) != 0)
		return refuse(refusal, 405, "method_not_allowed", "the tunnel wants CONNECT");
	if (strcmp(request->protocol, PROTOCOL) != 0)
		return refuse(refusal, 501, "protocol_not_offered", "only connect-ip is offered");
	if (path == 501)
		return refuse(refusal, 501, "scope_not_offered", "only any target, any protocol");
	if (strcmp(request->scheme, "https") != 0 || request->authority[0] == '\0')
		return refuse(refusal, 400, "bad_request", "https and an authority are wanted");
	return 0;
}

static bool is_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	return len < size && is_visible((const uint8_t *)text, len);
}

static void set_default(char *field, size_t size, const char *text)
{
	if (field[0] == '\0')
		snprintf(field, size, "%s", text);
}

int jvpn_h3_request_prepare(struct jvpn_h3_request *request)
{
	struct jvpn_h3_request *r = request;

	if (!is_text(r->method, sizeof(r->method)) || !is_text(r->protocol, sizeof(r->protocol)) ||
	    !is_text(r->scheme, sizeof(r->scheme)) ||
	    !is_text(r->authority, sizeof(r->authority)) || r->authority[0] == '\0' ||
	    !is_text(r->path, sizeof(r->path)) ||
	    !is_text(r->authorization, sizeof(r->authorization)) ||
	    !is_text(r->jumping_session, sizeof(r->jumping_session)))
		return JVPN_EINVAL;
	set_default(r->method, sizeof(r->method), METHOD_CONNECT);
	set_default(r->scheme, sizeof(r->scheme), "https");
	set_default(r->path, sizeof(r->path), JVPN_H3_PATH);
	if (strcmp(r->method, METHOD_CONNECT) == 0)
		set_default(r->protocol, sizeof(r->protocol), PROTOCOL);
	return 0;
}

int jvpn_h3_response_prepare(const struct jvpn_h3_response *response)
{
	if (response->status < 200 || response->status > 599 ||
	    !is_text(response->jumping_session, sizeof(response->jumping_session)) ||
	    !is_text(response->body, sizeof(response->body)))
		return JVPN_EINVAL;
	return 0;
}

static void put(nghttp3_nv *nv, size_t *count, const char *name, const char *value)
{
	/* Tokens must not stay in anybody's compression table. */
	uint8_t flags = strcmp(name, "authorization") == 0 ? NGHTTP3_NV_FLAG_NEVER_INDEX
							   : NGHTTP3_NV_FLAG_NONE;

	if (value[0] == '\0' || *count == JVPN_H3_NV_MAX)
		return;
	nv[(*count)++] = (nghttp3_nv){.name = (const uint8_t *)name,
				      .value = (const uint8_t *)value,
				      .namelen = strlen(name),
				      .valuelen = strlen(value),
				      .flags = flags};
}

size_t jvpn_h3_request_fields(const struct jvpn_h3_request *request, nghttp3_nv nv[JVPN_H3_NV_MAX])
{
	size_t n = 0;

	put(nv, &n, ":method", request->method);
	put(nv, &n, ":protocol", request->protocol);
	put(nv, &n, ":scheme", request->scheme);
	put(nv, &n, ":authority", request->authority);
	put(nv, &n, ":path", request->path);
	put(nv, &n, "capsule-protocol", request->capsule_protocol ? "?1" : "");
	put(nv, &n, "authorization", request->authorization);
	put(nv, &n, "jumping-session", request->jumping_session);
	return n;
}

size_t jvpn_h3_response_fields(const struct jvpn_h3_response *response,
			       nghttp3_nv nv[JVPN_H3_NV_MAX], char scratch[2][16])
{
	bool ok = response->status < 300;
	size_t n = 0;

	snprintf(scratch[0], sizeof(scratch[0]), "%d", response->status);
	snprintf(scratch[1], sizeof(scratch[1]), "%u", response->retry_after_s);
	put(nv, &n, ":status", scratch[0]);
	put(nv, &n, "capsule-protocol", ok ? "?1" : "");
	put(nv, &n, "content-type", !ok && response->body[0] != '\0' ? TYPE_PROBLEM : "");
	put(nv, &n, "jumping-session", response->jumping_session);
	put(nv, &n, "retry-after", response->retry_after_s > 0 ? scratch[1] : "");
	/* RFC 9110 sections 11.6.1 and 15.5.6 */
	put(nv, &n, "www-authenticate", response->status == 401 ? "Bearer" : "");
	put(nv, &n, "allow", response->status == 405 ? METHOD_CONNECT : "");
	return n;
}

void jvpn_h3_body_add(struct jvpn_h3 *h3, const uint8_t *data, size_t len)
{
	char *body;

	if (h3->fields == NULL)
		return;
	body = h3->fields->response.body;
	for (size_t i = 0; i < len && h3->body_len < JVPN_H3_BODY_MAX; i++)
		body[h3->body_len++] = data[i] >= 0x20 && data[i] <= 0x7e ? (char)data[i] : ' ';
	body[h3->body_len] = '\0';
}
