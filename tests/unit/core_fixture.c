/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The fixture of core_fixture.h.
 */
#include "core_fixture.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

void fixture_init(struct fixture *f, enum jvpn_role role)
{
	memset(f, 0, sizeof(*f));
	jvpn_policy_init(&f->policy);
	f->now_ns = 1000000 * MS;
	f->ctx.policy = &f->policy;
	f->ctx.global_reattach = &f->global;
	jvpn_session_init(&f->s, role);
	ck_assert(jvpn_session_set_slots(&f->s, f->slots));
}

static void log_effects(struct fixture *f)
{
	ck_assert(!f->fx.overflow);
	for (size_t i = 0; i < f->fx.count; i++) {
		const struct jvpn_effect *e = &f->fx.v[i];

		ck_assert_uint_lt(f->log_count, FIXTURE_LOG);
		f->log[f->log_count++] = *e;
		if (e->type == JVPN_EFFECT_STORE_CAS || e->type == JVPN_EFFECT_STORE_APPEND)
			f->store_nonce = e->u.store.nonce;
	}
}

static bool asks_store(const struct jvpn_effects *fx)
{
	for (size_t i = 0; i < fx->count; i++)
		if (fx->v[i].type == JVPN_EFFECT_STORE_CAS ||
		    fx->v[i].type == JVPN_EFFECT_STORE_APPEND)
			return true;
	return false;
}

static void step_once(struct fixture *f, struct jvpn_event *e)
{
	struct jvpn_witness before;
	int broken;

	e->now_ns = f->now_ns;
	jvpn_invariant_capture(&f->s, &before);
	jvpn_session_step(&f->s, &f->ctx, e, &f->fx);
	broken = jvpn_invariant_check(&before, &f->s, &f->ctx, e, &f->fx);
	if (broken != 0 && f->broken == 0)
		f->broken = broken;
	ck_assert_msg(broken == 0, "I%d broken by %s: %s", broken, jvpn_event_type_name(e->type),
		      jvpn_invariant_text(broken));
	log_effects(f);
}

void fixture_step(struct fixture *f, struct jvpn_event *e)
{
	step_once(f, e);
	while (!f->manual_store && asks_store(&f->fx)) {
		struct jvpn_event ok = {.type = JVPN_EVENT_STORE_RESULT, .slot = JVPN_SLOT_NONE};

		ok.u.store.nonce = f->store_nonce;
		ok.u.store.status = JVPN_STORE_OK;
		step_once(f, &ok);
	}
}

void fixture_advance_ms(struct fixture *f, uint64_t ms)
{
	f->now_ns += ms * MS;
}

void fixture_event(struct fixture *f, enum jvpn_event_type type, uint8_t slot, uint32_t generation)
{
	struct jvpn_event e = {.type = type, .slot = slot, .generation = generation};

	fixture_step(f, &e);
}

void fixture_timer(struct fixture *f)
{
	fixture_event(f, JVPN_EVENT_TIMER, JVPN_SLOT_NONE, 0);
}

void fixture_fact(struct fixture *f, uint8_t slot, enum jvpn_fact_kind kind)
{
	struct jvpn_event e = {.type = JVPN_EVENT_FACT, .slot = slot};

	e.u.fact.kind = kind;
	e.u.fact.last_good_ns = f->now_ns - 5 * MS;
	fixture_step(f, &e);
}

void fixture_path(struct fixture *f, enum jvpn_event_type type, uint8_t slot, uint32_t generation)
{
	struct jvpn_event e = {.type = type, .slot = slot, .generation = generation};

	e.u.path.last_good_ns = f->now_ns - 7 * MS;
	fixture_step(f, &e);
}

void fixture_store(struct fixture *f, enum jvpn_store_status status)
{
	struct jvpn_event e = {.type = JVPN_EVENT_STORE_RESULT, .slot = JVPN_SLOT_NONE};

	e.u.store.nonce = f->store_nonce;
	e.u.store.status = status;
	fixture_step(f, &e);
}

void fixture_terminate(struct fixture *f, enum jvpn_reason reason)
{
	struct jvpn_event e = {.type = JVPN_EVENT_TERMINATE, .slot = JVPN_SLOT_NONE};

	e.u.reason = reason;
	fixture_step(f, &e);
}

static void create(struct fixture *f, bool with_id)
{
	struct jvpn_event e = {.type = JVPN_EVENT_CREATE, .slot = JVPN_SLOT_NONE};

	if (with_id)
		memset(e.u.create.id.b, 0xab, JVPN_ID_BYTES);
	e.u.create.user_hash = 77;
	fixture_step(f, &e);
}

void fixture_server(struct fixture *f)
{
	struct jvpn_event e = {.type = JVPN_EVENT_TRANSPORT_ATTACHED, .slot = 0};

	fixture_init(f, JVPN_ROLE_SERVER);
	create(f, true);
	memcpy(e.u.attached.label, "wlan0", 6);
	fixture_step(f, &e);
}

void fixture_client(struct fixture *f)
{
	struct jvpn_event e = {.type = JVPN_EVENT_CREATED, .slot = 0};

	fixture_init(f, JVPN_ROLE_CLIENT);
	create(f, false);
	memset(e.u.created.id.b, 0xab, JVPN_ID_BYTES);
	e.u.created.server_version = 2;
	e.u.created.lifetime_ms = f->policy.max_lifetime_ms;
	e.u.created.transport_lost_ttl_ms = f->policy.transport_lost_ttl_ms;
	memcpy(e.u.created.transport_id, "wlan0#1", 8);
	fixture_step(f, &e);
}

struct jvpn_event fixture_request(struct fixture *f, uint8_t slot)
{
	struct jvpn_event e = {.type = JVPN_EVENT_REATTACH_REQUEST, .slot = slot};

	e.u.request.counter = ++f->counter;
	e.u.request.server_version = f->s.durable_version;
	e.u.request.age_ms = jvpn_session_age_ms(&f->s, f->now_ns);
	e.u.request.reason = JVPN_REASON_TRANSPORT_DEAD;
	e.u.request.proof_ok = true;
	e.u.request.handshake_validated = true;
	memcpy(e.u.request.label, "lte", 4);
	return e;
}

void fixture_attach(struct fixture *f, uint8_t slot, const char *label)
{
	struct jvpn_event e = fixture_request(f, slot);

	e.type = JVPN_EVENT_ATTACH_REQUEST;
	memset(e.u.request.label, 0, sizeof(e.u.request.label));
	memcpy(e.u.request.label, label, strlen(label));
	fixture_step(f, &e);
}

void fixture_client_attach(struct fixture *f, uint8_t slot, const char *label)
{
	struct jvpn_event e = {.type = JVPN_EVENT_TRANSPORT_READY, .slot = slot};

	memcpy(e.u.attached.label, label, strlen(label));
	fixture_step(f, &e);
	e = (struct jvpn_event){.type = JVPN_EVENT_ATTACH_ACCEPTED, .slot = slot};
	snprintf(e.u.accepted.transport_id, sizeof(e.u.accepted.transport_id), "%s#%u", label,
		 slot + 1U);
	fixture_step(f, &e);
}

void fixture_clear_log(struct fixture *f)
{
	f->log_count = 0;
}

const struct jvpn_effect *fixture_effect(const struct fixture *f, enum jvpn_effect_type type,
					 size_t n)
{
	for (size_t i = 0; i < f->log_count; i++)
		if (f->log[i].type == type && n-- == 0)
			return &f->log[i];
	return NULL;
}

const struct jvpn_audit *fixture_audit(const struct fixture *f, enum jvpn_audit_type type, size_t n)
{
	for (size_t i = 0; i < f->log_count; i++)
		if (f->log[i].type == JVPN_EFFECT_EMIT && f->log[i].u.audit.type == type &&
		    n-- == 0)
			return &f->log[i].u.audit;
	return NULL;
}

const struct jvpn_effect *fixture_sent(const struct fixture *f, enum jvpn_msg_type type, size_t n)
{
	for (size_t i = 0; i < f->log_count; i++)
		if (f->log[i].type == JVPN_EFFECT_SEND && f->log[i].u.msg.type == type && n-- == 0)
			return &f->log[i];
	return NULL;
}

size_t fixture_count(const struct fixture *f, enum jvpn_effect_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < f->log_count; i++)
		n += f->log[i].type == type;
	return n;
}
