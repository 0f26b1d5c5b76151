/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The text format. Integers only: a double would lose octets of a long life.
 */
#include "obs/exposition.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

#define FIRST_SIZE 32768

void jvpn_exposition_clear(struct jvpn_exposition *x)
{
	free(x->text);
	memset(x, 0, sizeof(*x));
}

static bool make_room(struct jvpn_exposition *x, size_t more)
{
	size_t size = x->size ? x->size : FIRST_SIZE;
	char *text;

	while (size - x->len < more && size < JVPN_EXPOSITION_MAX)
		size *= 2;
	if (x->failed || size - x->len < more) {
		x->failed = true;
		return false;
	}
	if (size == x->size)
		return true;
	text = realloc(x->text, size);
	if (!text) {
		x->failed = true;
		return false;
	}
	x->text = text;
	x->size = size;
	return true;
}

static void put_raw(struct jvpn_exposition *x, const char *text, size_t len)
{
	if (!make_room(x, len))
		return;
	memcpy(x->text + x->len, text, len);
	x->len += len;
}

static void put_text(struct jvpn_exposition *x, const char *text)
{
	put_raw(x, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void put(struct jvpn_exposition *x, const char *fmt,
						      ...)
{
	char text[160];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(text))
		x->failed = true;
	else
		put_raw(x, text, (size_t)n);
}

void jvpn_exposition_begin(struct jvpn_exposition *x, enum jvpn_metric metric)
{
	const struct jvpn_metric_spec *spec = jvpn_metric_get(metric);

	assert(!x->written[metric]);
	x->written[metric] = true;
	x->metric = metric;
	put(x, "# HELP %s ", spec->name);
	put_text(x, spec->help);
	put(x, "\n# TYPE %s %s\n", spec->name, jvpn_metric_kind_name(spec->kind));
}

/* What is no printable ASCII goes out as '?': a policy's version is text of a file. */
static void put_value(struct jvpn_exposition *x, const char *value)
{
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			put_raw(x, "\\", 1);
		put_raw(x, *value >= ' ' && *value <= '~' ? value : "?", 1);
	}
}

static void put_labels(struct jvpn_exposition *x, const struct jvpn_label_values *labels)
{
	const char *name = jvpn_metric_get(x->metric)->labels;

	for (size_t i = 0; i < JVPN_METRIC_LABELS_MAX && labels->v[i] && *name; i++) {
		size_t len = strcspn(name, " ");

		put_raw(x, i ? "," : "{", 1);
		put_raw(x, name, len);
		put_text(x, "=\"");
		put_value(x, labels->v[i]);
		put_raw(x, "\"", 1);
		name += len + (name[len] == ' ');
	}
	put_text(x, "} ");
}

static void put_name(struct jvpn_exposition *x)
{
	put_text(x, jvpn_metric_get(x->metric)->name);
}

void jvpn_exposition_put(struct jvpn_exposition *x, const struct jvpn_label_values *labels,
			 uint64_t value)
{
	put_name(x);
	if (labels)
		put_labels(x, labels);
	else
		put_raw(x, " ", 1);
	put(x, "%" PRIu64 "\n", value);
}

/* v / scale without trailing zeros. */
static void put_decimal(struct jvpn_exposition *x, uint64_t v, uint64_t scale)
{
	uint64_t rest = v % scale;

	put(x, "%" PRIu64, v / scale);
	if (rest)
		put_raw(x, ".", 1);
	while (rest) {
		scale /= 10;
		put(x, "%" PRIu64, rest / scale);
		rest %= scale;
	}
}

void jvpn_exposition_part(struct jvpn_exposition *x, uint64_t v, uint64_t scale)
{
	put_name(x);
	put_raw(x, " ", 1);
	put_decimal(x, v, scale);
	put_raw(x, "\n", 1);
}

void jvpn_exposition_histogram(struct jvpn_exposition *x, const struct jvpn_delays *h)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < JVPN_DELAYS_BOUNDS; i++) {
		sum += h->count[i];
		put_name(x);
		put_text(x, "_bucket{le=\"");
		put_decimal(x, jvpn_delays_bound_ns[i], JVPN_NS_PER_S);
		put(x, "\"} %" PRIu64 "\n", sum);
	}
	sum += h->count[JVPN_DELAYS_BOUNDS];
	put_name(x);
	put(x, "_bucket{le=\"+Inf\"} %" PRIu64 "\n", sum);
	put_name(x);
	put_text(x, "_sum ");
	put_decimal(x, h->sum_ns, JVPN_NS_PER_S);
	put_raw(x, "\n", 1);
	put_name(x);
	put(x, "_count %" PRIu64 "\n", sum);
}

void jvpn_exposition_one(struct jvpn_exposition *x, enum jvpn_metric metric, uint64_t value)
{
	jvpn_exposition_begin(x, metric);
	jvpn_exposition_put(x, NULL, value);
}

void jvpn_exposition_by(struct jvpn_exposition *x, const char *label, uint64_t value)
{
	struct jvpn_label_values labels = {.v = {label}};

	jvpn_exposition_put(x, &labels, value);
}
