/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The configuration loader: hostile bytes to tree to policy. What is accepted without an error is
 * inside its bounds and, printed, reads back to the same policy.
 */
#include "fuzz.h"

#include <string.h>

#include "config/policy_file.h"
#include "config/tree.h"

#define PRINTED_MAX 16384

static struct jvpn_report report;

/* 0: taken without any complaint. */
static int load(const void *data, size_t len, struct jvpn_policy *policy)
{
	struct jvpn_config_file file = {.data = malloc(len + 1), .size = len};
	struct jvpn_tree tree;
	size_t count;
	const struct jvpn_key *keys = jvpn_policy_file_keys(&count);
	int rc;

	FUZZ_CHECK(file.data != NULL);
	memcpy(file.data, data, len);
	file.data[len] = '\0';
	report.count = 0;
	jvpn_policy_init(policy);
	rc = jvpn_tree_parse("f", &file, &tree, &report);
	FUZZ_CHECK(rc == 0 || tree.count == 0);
	FUZZ_CHECK(rc == 0 || report.count > 0);
	FUZZ_CHECK(tree.count <= JVPN_TREE_NODES_MAX);
	if (!rc)
		rc = jvpn_schema_apply(&tree, keys, count, policy, NULL, &report);
	FUZZ_CHECK(rc == 0 || report.count > 0);
	jvpn_tree_clear(&tree);
	free(file.data);
	return report.count ? -1 : 0;
}

static size_t print(const struct jvpn_policy *policy, char out[PRINTED_MAX])
{
	FILE *stream = fmemopen(out, PRINTED_MAX, "w");
	long len;

	FUZZ_CHECK(stream != NULL);
	jvpn_policy_file_print(policy, stream);
	len = ftell(stream);
	FUZZ_CHECK(len > 0 && len < PRINTED_MAX);
	fclose(stream);
	return (size_t)len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char text[PRINTED_MAX];
	struct jvpn_policy policy, again;
	const char *why;

	if (load(data, len, &policy))
		return 0;
	/* Bounds hold; only a rule between two keys may still be broken. */
	if (jvpn_policy_check(&policy, &why))
		FUZZ_CHECK(strstr(why, "imum") == NULL);
	FUZZ_CHECK(load(text, print(&policy, text), &again) == 0);
	FUZZ_CHECK(memcmp(&policy, &again, sizeof(policy)) == 0);
	return 0;
}
