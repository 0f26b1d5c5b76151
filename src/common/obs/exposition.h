/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The text format of Prometheus (0.0.4): a writer that knows the table of metrics. Grows up to a bound;
 * an error sticks.
 */
#ifndef JVPN_OBS_EXPOSITION_H
#define JVPN_OBS_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/delays.h"
#include "obs/metric.h"

#define JVPN_EXPOSITION_MAX (256 * 1024)

/* Zeroed is an empty one. */
struct jvpn_exposition {
	char *text; /* owned, not ended by NUL; jvpn_exposition_clear() */
	size_t len, size;
	bool failed; /* no memory, or beyond the bound: the text is of no use */
	enum jvpn_metric metric;
	bool written[JVPN_METRIC_COUNT];
};

void jvpn_exposition_clear(struct jvpn_exposition *x);
/* HELP and TYPE: the samples of this metric follow. Once for each. */
void jvpn_exposition_begin(struct jvpn_exposition *x, enum jvpn_metric metric);
/* Values of its labels, in the order of the table; NULL where there are fewer. */
struct jvpn_label_values {
	const char *v[JVPN_METRIC_LABELS_MAX];
};
void jvpn_exposition_put(struct jvpn_exposition *x, const struct jvpn_label_values *labels,
			 uint64_t value);
/* v parts of a whole of 'scale', a power of ten. */
void jvpn_exposition_part(struct jvpn_exposition *x, uint64_t v, uint64_t scale);
void jvpn_exposition_histogram(struct jvpn_exposition *x, const struct jvpn_delays *h);

/* A metric with one sample. */
void jvpn_exposition_one(struct jvpn_exposition *x, enum jvpn_metric metric, uint64_t value);
/* One more sample of a metric with one label. */
void jvpn_exposition_by(struct jvpn_exposition *x, const char *label, uint64_t value);

#endif
