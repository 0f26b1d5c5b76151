/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tests of core/fsm: every cell of the table, and every reason.
 */
#include "unit.h"

#include <string.h>

#include "core/effect.h"
#include "core/event.h"
#include "core/fsm.h"

/* The table of session.md a second time, written by hand: '.' reject, '-' absorb, else next state.
 * Columns: attach_ok attach_failed instability switch_start degrade reattach_valid
 * reattach_invalid recovery_timeout restore terminate. */
static const char *const expected[] = {
	[JVPN_STATE_BIRTH] = "AT.......T",      [JVPN_STATE_ATTACHED] = "-.V....-.T",
	[JVPN_STATE_VOLATILE] = "..-RD..--T",   [JVPN_STATE_DEGRADED] = "..-R-.---T",
	[JVPN_STATE_RECOVERING] = "..--.ADDDT", [JVPN_STATE_TERMINATED] = ".----.----",
};

static char letter(struct jvpn_cell cell)
{
	static const char states[] = {'n', 'B', 'A', 'V', 'D', 'R', 'T'};

	if (cell.kind == JVPN_CELL_REJECT)
		return '.';
	return cell.kind == JVPN_CELL_ABSORB ? '-' : states[cell.next];
}

START_TEST(fsm_cell__every_state_and_event__as_in_session_md)
{
	for (int s = JVPN_STATE_BIRTH; s < JVPN_STATE_COUNT; s++)
		for (int e = JVPN_FSM_ATTACH_OK; e < JVPN_FSM_COUNT; e++)
			ck_assert_msg(
				letter(jvpn_fsm_cell((enum jvpn_state)s, (enum jvpn_fsm_event)e)) ==
					expected[s][e - 1],
				"%s x %s", jvpn_state_name((enum jvpn_state)s),
				jvpn_fsm_event_name((enum jvpn_fsm_event)e));
}
END_TEST

START_TEST(fsm_cell__out_of_range__rejects)
{
	ck_assert_int_eq(jvpn_fsm_cell(JVPN_STATE_NONE, JVPN_FSM_TERMINATE).kind, JVPN_CELL_REJECT);
	ck_assert_int_eq(jvpn_fsm_cell(JVPN_STATE_COUNT, JVPN_FSM_TERMINATE).kind,
			 JVPN_CELL_REJECT);
	ck_assert_int_eq(jvpn_fsm_cell(JVPN_STATE_BIRTH, JVPN_FSM_COUNT).kind, JVPN_CELL_REJECT);
	ck_assert_int_eq(jvpn_fsm_cell(JVPN_STATE_BIRTH, (enum jvpn_fsm_event) - 1).kind,
			 JVPN_CELL_REJECT);
}
END_TEST

/* How many reasons go with each event (session.md, table). */
static const int reasons[] = {
	[JVPN_FSM_ATTACH_OK] = 1,        [JVPN_FSM_ATTACH_FAILED] = 4,
	[JVPN_FSM_INSTABILITY] = 10,     [JVPN_FSM_SWITCH_START] = 6,
	[JVPN_FSM_DEGRADE] = 3,          [JVPN_FSM_REATTACH_VALID] = 1,
	[JVPN_FSM_REATTACH_INVALID] = 4, [JVPN_FSM_RECOVERY_TIMEOUT] = 1,
	[JVPN_FSM_RESTORE] = 1,          [JVPN_FSM_TERMINATE] = 10,
};

START_TEST(fsm_reason__every_event_and_reason__counted)
{
	for (int e = JVPN_FSM_ATTACH_OK; e < JVPN_FSM_COUNT; e++) {
		int n = 0;

		for (int r = 0; r < JVPN_REASON_COUNT; r++)
			n += jvpn_fsm_reason_allowed((enum jvpn_fsm_event)e, (enum jvpn_reason)r);
		ck_assert_int_eq(n, reasons[e]);
	}
}
END_TEST

/* Denial reasons of the ladder never move the state on their own. */
START_TEST(fsm_decide__go_with_a_foreign_reason__rejects)
{
	struct jvpn_cell c;

	c = jvpn_fsm_decide(JVPN_STATE_ATTACHED, JVPN_FSM_INSTABILITY, JVPN_REASON_TRANSPORT_DEAD);
	ck_assert_int_eq(c.kind, JVPN_CELL_GO);
	c = jvpn_fsm_decide(JVPN_STATE_ATTACHED, JVPN_FSM_INSTABILITY, JVPN_REASON_BAD_PROOF);
	ck_assert_int_eq(c.kind, JVPN_CELL_REJECT);
	c = jvpn_fsm_decide(JVPN_STATE_RECOVERING, JVPN_FSM_REATTACH_INVALID,
			    JVPN_REASON_COOLDOWN_ACTIVE);
	ck_assert_int_eq(c.kind, JVPN_CELL_REJECT);
	c = jvpn_fsm_decide(JVPN_STATE_ATTACHED, JVPN_FSM_TERMINATE,
			    JVPN_REASON_OWNERSHIP_CONFLICT);
	ck_assert_int_eq(c.kind, JVPN_CELL_REJECT);
}
END_TEST

START_TEST(fsm_names__every_value__has_a_name_of_its_own)
{
	for (int a = 1; a < JVPN_REASON_COUNT; a++) {
		const char *name = jvpn_reason_name((enum jvpn_reason)a);

		ck_assert_str_ne(name, "none");
		for (int b = 1; b < a; b++)
			ck_assert_str_ne(name, jvpn_reason_name((enum jvpn_reason)b));
	}
	for (int e = 1; e < JVPN_EVENT_COUNT; e++)
		ck_assert_str_ne(jvpn_event_type_name((enum jvpn_event_type)e), "none");
	for (int e = 1; e < JVPN_EFFECT_COUNT; e++)
		ck_assert_str_ne(jvpn_effect_type_name((enum jvpn_effect_type)e), "none");
	for (int t = 1; t < JVPN_AUDIT_COUNT; t++)
		ck_assert_str_ne(jvpn_audit_type_name((enum jvpn_audit_type)t), "none");
	ck_assert_str_eq(jvpn_reason_name(JVPN_REASON_NONE), "none");
	ck_assert_str_eq(jvpn_reason_name(JVPN_REASON_COUNT), "none");
}
END_TEST

UNIT_TESTS(fsm)
{
	tcase_add_test(tc, fsm_cell__every_state_and_event__as_in_session_md);
	tcase_add_test(tc, fsm_cell__out_of_range__rejects);
	tcase_add_test(tc, fsm_reason__every_event_and_reason__counted);
	tcase_add_test(tc, fsm_decide__go_with_a_foreign_reason__rejects);
	tcase_add_test(tc, fsm_names__every_value__has_a_name_of_its_own);
}
