/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Policy loader. Knows how values are written, not what they mean.
 */
#include "config/policy_file.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "config/load.h"

#define PATH_TEXT_MAX 80

static const struct jvpn_word plain_peers[] = {
	{"strict", JVPN_PLAIN_PEERS_STRICT},
	{"validated_path", JVPN_PLAIN_PEERS_VALIDATED_PATH},
	{NULL, 0},
};

static const struct jvpn_word transports[] = {{"quic", 0}, {NULL, 0}};

static enum jvpn_key_type type_of(enum jvpn_policy_kind kind)
{
	switch (kind) {
	case JVPN_POLICY_UINT:
		return JVPN_KEY_UINT;
	case JVPN_POLICY_MS:
		return JVPN_KEY_MS;
	case JVPN_POLICY_BYTES:
		return JVPN_KEY_BYTES;
	case JVPN_POLICY_PPM:
		return JVPN_KEY_PPM;
	case JVPN_POLICY_MILLI:
		return JVPN_KEY_MILLI;
	case JVPN_POLICY_BOOL:
		return JVPN_KEY_BOOL;
	case JVPN_POLICY_PLAIN_PEERS:
		return JVPN_KEY_WORD;
	case JVPN_POLICY_TRANSPORTS:
		return JVPN_KEY_WORDS;
	}
	return JVPN_KEY_NONE;
}

static struct jvpn_key key_of(const struct jvpn_policy_field *field, const char *path)
{
	struct jvpn_key key = {
		.path = path,
		.type = type_of(field->kind),
		.offset = field->offset,
		.min = field->min,
		.max = field->max,
		.def = "", /* jvpn_policy_init() sets the defaults; this says that there is one */
	};

	if (field->kind == JVPN_POLICY_PLAIN_PEERS)
		key.words = plain_peers;
	if (field->kind == JVPN_POLICY_TRANSPORTS) {
		key.words = transports;
		key.min = 1;
	}
	return key;
}

const struct jvpn_key *jvpn_policy_file_keys(size_t *count)
{
	/* Built once from constants; the same for every caller. */
	static struct jvpn_key keys[JVPN_KEYS_MAX];
	static char paths[JVPN_KEYS_MAX][PATH_TEXT_MAX];
	const struct jvpn_policy_field *fields = jvpn_policy_fields(count);

	assert(*count < JVPN_KEYS_MAX);
	for (size_t i = 0; i < *count && !keys[0].path; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s.%s", fields[i].section, fields[i].key);
		keys[i + 1] = key_of(&fields[i], paths[i]);
	}
	keys[0] = (struct jvpn_key){.path = "version", .type = JVPN_KEY_NAME,
				    .offset = offsetof(struct jvpn_policy, version), .min = 1,
				    .max = JVPN_POLICY_VERSION_MAX, .flags = JVPN_KEY_REQUIRED};
	(*count)++;
	return keys;
}

/* The rules between keys, once every single value is right. */
static int check_rules(struct jvpn_load *load, const struct jvpn_policy *policy)
{
	const char *why = "";
	const struct jvpn_policy_field *bad = jvpn_policy_check(policy, &why);
	char path[PATH_TEXT_MAX];

	if (!bad)
		return 0;
	snprintf(path, sizeof(path), "%s.%s", bad->section, bad->key);
	jvpn_load_error(load, JVPN_EXIT_CONFIG, path, "%s", why);
	return JVPN_ECONFIG;
}

int jvpn_policy_file_load(const char *path, struct jvpn_policy *out, struct jvpn_report *report)
{
	struct jvpn_load load = {.path = path, .report = report};
	struct jvpn_policy policy;
	int rc;

	load.keys = jvpn_policy_file_keys(&load.count);
	jvpn_policy_init(&policy);
	rc = jvpn_load_file(&load, &policy);
	if (!rc)
		rc = check_rules(&load, &policy);
	if (!rc)
		*out = policy;
	jvpn_load_clear(&load);
	return rc;
}

void jvpn_policy_file_print(const struct jvpn_policy *policy, FILE *stream)
{
	size_t count;
	const struct jvpn_key *keys = jvpn_policy_file_keys(&count);

	jvpn_schema_print(keys, count, policy, stream);
}
