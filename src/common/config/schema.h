/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fills a plain struct from a tree by a table of keys: types, bounds, defaults, nearest-key hints,
 * all errors in one pass. The same table prints the effective configuration and is what the manual
 * pages are checked against. Opens no file that a value names.
 */
#ifndef JVPN_CONFIG_SCHEMA_H
#define JVPN_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/report.h"
#include "config/tree.h"
#include "config/value.h"

enum jvpn_key_type {
	JVPN_KEY_NONE = 0,
	JVPN_KEY_STRING, /* char[max + 1]; min..max bytes, printable, one line */
	JVPN_KEY_TEXT,   /* char[max + 1]; may have several lines */
	JVPN_KEY_PATH,   /* char[JVPN_CONFIG_PATH_MAX], relative to the file's directory */
	JVPN_KEY_OUTPUTS, /* struct jvpn_config_outputs, a list of PATHs or stdout, journald, syslog */
	JVPN_KEY_DIR,     /* as PATH, or the word none */
	JVPN_KEY_SOCKET,    /* as PATH, or the word off */
	JVPN_KEY_NAME,      /* char[max + 1]; 1..max of [A-Za-z0-9._-] */
	JVPN_KEY_LABEL,     /* char[max + 1]; 1..max of [a-z0-9._-] */
	JVPN_KEY_HOST_NAME, /* char[JVPN_CONFIG_HOST_MAX + 1] */
	JVPN_KEY_BOOL,      /* bool */
	JVPN_KEY_UINT,      /* uint64_t */
	JVPN_KEY_DURATION,  /* uint64_t of ms, a unit is needed */
	JVPN_KEY_MS,        /* uint64_t of ms, bare integers are ms */
	JVPN_KEY_BYTES,     /* uint64_t */
	JVPN_KEY_PPM,       /* uint64_t parts per million, written as a ratio */
	JVPN_KEY_MILLI,     /* uint64_t thousandths, written as a factor */
	JVPN_KEY_WORD,      /* int, one of words */
	JVPN_KEY_HEX,       /* struct jvpn_config_hex */
	JVPN_KEY_PREFIX4,   /* struct jvpn_prefix */
	JVPN_KEY_PREFIX6,   /* struct jvpn_prefix */
	JVPN_KEY_PREFIXES,  /* struct jvpn_config_prefixes, a list */
	JVPN_KEY_ADDRESSES, /* struct jvpn_config_addresses, a list */
	JVPN_KEY_LISTEN,    /* struct sockaddr_storage; family 0: the word off */
	JVPN_KEY_HOST_PORT, /* struct jvpn_config_host */
	JVPN_KEY_HOSTS,     /* struct jvpn_config_hosts, a list of the same */
	JVPN_KEY_NAMES,     /* struct jvpn_config_names, a list of NAME; min, max: of each name */
	JVPN_KEY_IPS,       /* struct jvpn_config_prefixes of single addresses, a list */
	JVPN_KEY_DOMAINS,   /* struct jvpn_config_domains, a list */
	JVPN_KEY_COMMANDS,  /* struct jvpn_config_commands, a list of STRING */
	JVPN_KEY_WORDS,     /* a list of words, checked and not stored */
	JVPN_KEY_COUNT
};

enum jvpn_key_flag {
	JVPN_KEY_REQUIRED = 1 << 0,
	JVPN_KEY_SECRET = 1 << 1, /* the value is never shown */
	JVPN_KEY_AUTO = 1 << 2,   /* the word auto is taken too: 0, an empty text or list */
	JVPN_KEY_SINGLE = 1 << 3, /* a list of one may be written without brackets */
	JVPN_KEY_OFF = 1 << 4     /* numbers: the word off is taken too: JVPN_CONFIG_OFF */
};

#define JVPN_CONFIG_OFF UINT64_MAX

struct jvpn_word {
	const char *text; /* NULL ends a list */
	int value;
};

struct jvpn_key {
	const char *path; /* "tls.certificate" */
	enum jvpn_key_type type;
	size_t offset;
	uint64_t min, max; /* numbers: bounds in the stored unit; texts: length */
	const struct jvpn_word *words;
	unsigned flags;
	const char *def;  /* as one would write it (lists: separated by a blank); NULL: none */
	const char *help; /* one line */
};

#define JVPN_KEYS_MAX 96

/* Where each key of the table stands in the file: for errors that are found later. */
struct jvpn_key_places {
	struct {
		unsigned line, column; /* 0: not in the file */
	} at[JVPN_KEYS_MAX];
};

/* Sets every default; relative paths belong to the directory of 'file' (NULL: leave them). The
 * table is code: a default that it would refuse itself is a defect and asserts. */
void jvpn_schema_init(const struct jvpn_key *keys, size_t count, const char *file, void *out);
/* Fills *out (already initialised) from the tree. places may be NULL. On JVPN_ECONFIG, with all
 * errors in the report, *out is partly filled: give it a copy. */
int jvpn_schema_apply(const struct jvpn_tree *tree, const struct jvpn_key *keys, size_t count,
		      void *out, struct jvpn_key_places *places, struct jvpn_report *report);
/* Sets one key that is no list from a text, as a file would. As the functions of value.h;
 * JVPN_ENOTFOUND. */
int jvpn_schema_set(const struct jvpn_key *keys, size_t count, const char *path, const char *text,
		    void *out);
/* Index of a path in the table; count when it is not there. */
size_t jvpn_schema_find(const struct jvpn_key *keys, size_t count, const char *path);
/* Says what a key takes: "integer 1..120", "one of bbr, cubic, reno". */
void jvpn_schema_describe(const struct jvpn_key *key, char *out, size_t size);
/* Writes the values as YAML that the same table reads back; secrets as a comment. */
void jvpn_schema_print(const struct jvpn_key *keys, size_t count, const void *values, FILE *stream);
/* Writes the value of one key as YAML, on one line without its name and without a newline. */
void jvpn_schema_print_one(const struct jvpn_key *key, const void *values, FILE *stream);

#endif
