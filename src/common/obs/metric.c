/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table behind metric.h. Data only.
 */
#include "obs/metric.h"

static const struct jvpn_metric_spec specs[JVPN_METRIC_COUNT] = {
#define X(name_, text_, kind_, role_, labels_, events_, help_)                                     \
	[JVPN_METRIC_ID_##name_] = {.name = "jvpn_" text_,                                         \
				    .kind = JVPN_METRIC_##kind_,                                   \
				    .role = JVPN_METRIC_##role_,                                   \
				    .labels = labels_,                                             \
				    .events = events_,                                             \
				    .help = help_},
	JVPN_METRIC_MAP(X)
#undef X
};

const struct jvpn_metric_spec *jvpn_metric_get(enum jvpn_metric metric)
{
	return &specs[metric];
}

const char *jvpn_metric_kind_name(enum jvpn_metric_kind kind)
{
	static const char *const names[] = {
		[JVPN_METRIC_NONE] = "untyped",
		[JVPN_METRIC_COUNTER] = "counter",
		[JVPN_METRIC_GAUGE] = "gauge",
		[JVPN_METRIC_HISTOGRAM] = "histogram",
	};

	return names[kind];
}
