/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The way of one configuration file.
 */
#include "config/load.h"

#include <stdarg.h>
#include <string.h>

#include "base/err.h"
#include "config/file.h"

#define WHY_MAX (JVPN_CONFIG_PATH_MAX * 2 + 128)

int jvpn_load_file(struct jvpn_load *load, void *out)
{
	struct jvpn_config_file file;
	size_t errors = load->report->count;
	int rc;

	memset(&load->places, 0, sizeof(load->places));
	load->tree = (struct jvpn_tree){.file = load->path, .root = JVPN_TREE_NONE};
	rc = jvpn_config_file_read(load->path, &file, load->report);
	if (rc)
		return rc;
	load->mode = file.mode;
	load->uid = file.uid;
	rc = jvpn_tree_parse(load->path, &file, &load->tree, load->report);
	if (!rc)
		rc = jvpn_schema_apply(&load->tree, load->keys, load->count, out, &load->places,
				       load->report);
	if (!rc && load->report->count != errors)
		rc = JVPN_ECONFIG;
	jvpn_config_file_clear(&file);
	return rc;
}

void jvpn_load_clear(struct jvpn_load *load)
{
	jvpn_tree_clear(&load->tree);
}

bool jvpn_load_has_tree(const struct jvpn_load *load)
{
	return load->tree.count > 0;
}

bool jvpn_load_is_set(const struct jvpn_load *load, const char *key)
{
	size_t i = jvpn_schema_find(load->keys, load->count, key);

	return i < load->count && load->places.at[i].line != 0;
}

void jvpn_load_error(struct jvpn_load *load, enum jvpn_exit code, const char *key, const char *fmt,
		     ...)
{
	size_t i = jvpn_schema_find(load->keys, load->count, key);
	char text[JVPN_REPORT_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (i < load->count && load->places.at[i].line)
		jvpn_report_add(load->report, code, load->path, load->places.at[i].line,
				load->places.at[i].column, "%s: %s", key, text);
	else
		jvpn_report_add(load->report, code, load->path, 1, 1, "%s: %s", key, text);
}

static enum jvpn_exit exit_of(int rc)
{
	return rc == JVPN_EPERM ? JVPN_EXIT_PERMISSION : JVPN_EXIT_CONFIG;
}

void jvpn_load_check_secret(struct jvpn_load *load, const char *key, const char *path)
{
	char why[WHY_MAX];
	int rc = path[0] ? jvpn_config_secret_check(path, why, sizeof(why)) : 0;

	if (rc)
		jvpn_load_error(load, exit_of(rc), key, "%s", why);
}

void jvpn_load_check_readable(struct jvpn_load *load, const char *key, const char *path)
{
	char why[WHY_MAX];
	int rc = path[0] ? jvpn_config_readable_check(path, why, sizeof(why)) : 0;

	if (rc)
		jvpn_load_error(load, exit_of(rc), key, "%s", why);
}
