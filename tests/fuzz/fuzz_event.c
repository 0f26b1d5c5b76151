/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines of event streams: what parses is bounded, printable, and prints as a line that parses to the same
 * event; what does not says why. What parsed is replayed: the prover must stand anything.
 */
#include "fuzz.h"

#include <string.h>

#include "audit/verify.h"
#include "obs/event_json.h"
#include "obs/event_spec.h"

static void ignore(void *user, const struct jvpn_trail_place *place, const char *invariant,
		   const char *text)
{
	(void)user;
	(void)place;
	FUZZ_CHECK(invariant[0] && text[0]);
}

static void check_again(const struct jvpn_trail_line *line)
{
	static struct jvpn_trail_line again;
	struct jvpn_event_context context = {
		.wall_ms = line->ts_ms,
		.seq = line->seq,
		.pid = line->pid,
		.node_id = line->node,
		.role = line->role == JVPN_ROLE_SERVER ? "server" : "client",
		.policy_version = line->policy,
		.previous_policy_version = "none",
	};
	char text[JVPN_EVENT_LINE_MAX];
	const char *why = NULL;
	size_t n = jvpn_event_encode(&line->event, &context, text, sizeof(text));

	if (!n)
		return;
	FUZZ_CHECK(jvpn_trail_line_parse(text, n - 1, &again, &why) == 0);
	FUZZ_CHECK(again.ts_ms == line->ts_ms && again.seq == line->seq &&
		   again.event.type == line->event.type &&
		   again.event.reason == line->event.reason);
}

static void replay(const uint8_t *data, size_t len, struct jvpn_trail_handler *handler)
{
	static struct jvpn_trail_line line;
	struct jvpn_trail_place place = {.file = "fuzz"};
	const char *why = NULL;

	while (len) {
		const uint8_t *end = memchr(data, '\n', len);
		size_t n = end ? (size_t)(end - data) : len;

		place.line++;
		if (jvpn_trail_line_parse((const char *)data, n, &line, &why) == 0) {
			check_again(&line);
			FUZZ_CHECK(handler->event(handler->user, &place, &line) == 0);
		} else {
			FUZZ_CHECK(why != NULL);
			handler->damage(handler->user, &place, why);
		}
		data += n + (end != NULL);
		len -= n + (end != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct jvpn_trail_summary sum;
	struct jvpn_trail_config config = {.late_ms = 1000, .violation = ignore};
	struct jvpn_trail_handler handler;
	struct jvpn_trail_verify *v;

	if (jvpn_trail_verify_new(&config, &v))
		return 0;
	handler = jvpn_trail_verify_handler(v);
	replay(data, len, &handler);
	jvpn_trail_verify_finish(v, &sum);
	jvpn_trail_verify_free(v);
	return 0;
}
