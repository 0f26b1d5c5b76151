/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The keys events.*. Opens nothing.
 */
#include "config/events.h"

#include <string.h>

#include "config/load.h"

const struct jvpn_word jvpn_events_facilities[] = {
	{"user", 1},    {"daemon", 3},  {"auth", 4},    {"authpriv", 10}, {"local0", 16},
	{"local1", 17}, {"local2", 18}, {"local3", 19}, {"local4", 20},   {"local5", 21},
	{"local6", 22}, {"local7", 23}, {NULL, 0},
};

void jvpn_config_events_check(struct jvpn_load *load, const struct jvpn_config_events *events)
{
	const struct jvpn_config_outputs *outputs = &events->outputs;

	for (size_t i = 0; i < outputs->count; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(outputs->item[i], outputs->item[k]) == 0)
				jvpn_load_error(load, JVPN_EXIT_CONFIG, "events.output",
						"expected different outputs, got \"%s\" twice",
						outputs->item[i]);
}

bool jvpn_config_events_override(struct jvpn_config_events *events, const char *output)
{
	if (!output[0] || jvpn_config_path_resolve(NULL, output, events->outputs.item[0]))
		return false;
	events->outputs.count = 1;
	return true;
}
