/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The phase "attack" of jvpn-load: REATTACH requests inside real connections, as fast as asked for.
 * Sessions whose connection is closed for it come back by themselves, as an attacker's would.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"
#include "crypto/random.h"
#include "load.h"
#include "quic/quic.h"
#include "runtime/control.h"

static const char *const attack_name[] = {[LOAD_ATTACK_UNKNOWN] = "unknown",
					  [LOAD_ATTACK_PROOF] = "proof",
					  [LOAD_ATTACK_VERIFIED] = "verified"};

bool load_attack_parse(const char *name, enum load_attack *out)
{
	for (int i = LOAD_ATTACK_UNKNOWN; i <= LOAD_ATTACK_VERIFIED; i++)
		if (strcmp(name, attack_name[i]) == 0) {
			*out = (enum load_attack)i;
			return true;
		}
	return false;
}

/* The honest key, the own id without it, or neither. */
static int send_one(struct load *load, struct load_session *s)
{
	struct jvpn_live *live = s->live;
	struct jvpn_msg msg = {.type = JVPN_MSG_REATTACH_REQUEST};
	struct jvpn_msg_reattach_request *r = &msg.u.reattach_request;
	struct jvpn_session_keys keys = live->keys;

	r->session_id = live->core.id;
	r->counter = ++live->core.counter;
	r->server_version = live->core.server_version;
	r->age_ms = jvpn_session_age_ms(&live->core, load->engine.driver->now_ns);
	snprintf(r->label, sizeof(r->label), "load");
	if (load->opt.attack != LOAD_ATTACK_VERIFIED)
		(void)jvpn_random(&keys, sizeof(keys));
	if (load->opt.attack == LOAD_ATTACK_UNKNOWN)
		(void)jvpn_random(r->session_id.b, sizeof(r->session_id.b));
	return jvpn_control_send(&s->transport->control, s->transport->conn, &keys, &r->session_id,
				 &msg);
}

void load_attack_run(struct load *load, uint64_t age_ns)
{
	double wanted = (double)age_ns / 1e9 * load->opt.attack_per_s;

	for (size_t tried = 0; (double)load->attacks < wanted && tried < load->opt.sessions * 64;
	     tried++) {
		struct load_session *s = &load->session[load->move_cursor];

		load->move_cursor = (load->move_cursor + 1) % load->opt.sessions;
		if (s->live && s->live->has_keys && s->transport && s->transport->has_control &&
		    s->transport->live == s->live && send_one(load, s) == 0)
			load->attacks++;
	}
}
