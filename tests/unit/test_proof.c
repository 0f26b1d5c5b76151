/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Session keys and MACs against the golden vectors; every covered bit counts.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "crypto/proof.h"
#include "golden.h"

static struct jvpn_session_keys keys;
static uint8_t exporter[GOLDEN_MAX];

static void setup(void)
{
	struct jvpn_secret session_key;
	uint8_t b[GOLDEN_MAX];
	struct jvpn_id id;

	ck_assert_int_eq(jvpn_secret_set(&session_key, b, golden_bytes("session_key", b)), 0);
	golden_bytes("session_id", b);
	memcpy(id.b, b, sizeof(id.b));
	golden_bytes("exporter", exporter);
	ck_assert_int_eq(jvpn_session_keys_derive(&session_key, &id, &keys), 0);
}

START_TEST(session_keys_derive__golden__both_directions)
{
	golden_check("k_c2s", keys.c2s.b, keys.c2s.len);
	golden_check("k_s2c", keys.s2c.b, keys.s2c.len);
}
END_TEST

START_TEST(session_keys_derive__other_id_or_bad_key__differs_or_fails)
{
	struct jvpn_session_keys other;
	struct jvpn_secret key;
	struct jvpn_id id = {{0}};
	uint8_t zero[32] = {0};

	ck_assert_int_eq(jvpn_secret_generate(&key, 32), 0);
	ck_assert_int_eq(jvpn_session_keys_derive(&key, &id, &keys), 0);
	id.b[15] = 1;
	ck_assert_int_eq(jvpn_session_keys_derive(&key, &id, &other), 0);
	ck_assert(!jvpn_secret_equal(&keys.c2s, &other.c2s));
	ck_assert(!jvpn_secret_equal(&other.s2c, &other.c2s));
	ck_assert_int_eq(jvpn_secret_set(&key, zero, 32), 0);
	ck_assert_int_eq(jvpn_session_keys_derive(&key, &id, &keys), JVPN_EINVAL);
	ck_assert(!jvpn_secret_is_set(&keys.c2s) && !jvpn_secret_is_set(&keys.s2c));
	ck_assert_int_eq(jvpn_secret_generate(&key, 31), 0);
	ck_assert_int_eq(jvpn_session_keys_derive(&key, &id, &keys), JVPN_EINVAL);
}
END_TEST

static const struct {
	const char *name;
	bool c2s, with_exporter;
} message[] = {
	{"session_state", false, true},
	{"reattach_request", true, true},
	{"reattach_request_challenge", true, true},
	{"reattach_ack", false, false},
	{"reattach_deny", false, false},
	{"reattach_required", false, true},
	{"terminate_client", true, true},
	{"terminate_server", false, true},
};

static size_t load(int i, const char *what, uint8_t *out)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.%s", message[i].name, what);
	return golden_bytes(name, out);
}

START_TEST(proof__golden_and_every_bit_flipped__only_the_original_verifies)
{
	const struct jvpn_secret *key = message[_i].c2s ? &keys.c2s : &keys.s2c;
	const uint8_t *exp = message[_i].with_exporter ? exporter : NULL;
	uint8_t input[GOLDEN_MAX], mac[GOLDEN_MAX], out[JVPN_PROOF_MAC_BYTES];
	size_t len = load(_i, "input", input);

	ck_assert_uint_eq(load(_i, "mac", mac), JVPN_PROOF_MAC_BYTES);
	ck_assert_int_eq(jvpn_proof_compute(key, input, len, exp, out), 0);
	ck_assert_mem_eq(out, mac, sizeof(out));
	ck_assert(jvpn_proof_check(key, input, len, exp, mac));
	for (size_t bit = 0; bit < len * 8; bit++) {
		input[bit / 8] ^= (uint8_t)(1U << bit % 8);
		ck_assert(!jvpn_proof_check(key, input, len, exp, mac));
		input[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t bit = 0; bit < JVPN_PROOF_MAC_BYTES * 8; bit++) {
		mac[bit / 8] ^= (uint8_t)(1U << bit % 8);
		ck_assert(!jvpn_proof_check(key, input, len, exp, mac));
		mac[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t bit = 0; exp && bit < JVPN_PROOF_EXPORTER_BYTES * 8; bit++) {
		exporter[bit / 8] ^= (uint8_t)(1U << bit % 8);
		ck_assert(!jvpn_proof_check(key, input, len, exp, mac));
		exporter[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t n = 0; n < len; n++)
		ck_assert(!jvpn_proof_check(key, input, n, exp, mac));
	ck_assert(jvpn_proof_check(key, input, len, exp, mac));
	ck_assert(!jvpn_proof_check(message[_i].c2s ? &keys.s2c : &keys.c2s, input, len, exp, mac));
	ck_assert(!jvpn_proof_check(key, input, len, exp ? NULL : exporter, mac));
}
END_TEST

START_TEST(proof_check__no_key__false_even_for_zero_mac)
{
	struct jvpn_secret none = {.len = 0};
	uint8_t mac[JVPN_PROOF_MAC_BYTES] = {0};

	ck_assert(!jvpn_proof_check(&none, (const uint8_t *)"x", 1, exporter, mac));
	ck_assert(!jvpn_proof_check(&keys.c2s, (const uint8_t *)"x", 1, exporter, mac));
	keys.c2s.len--;
	ck_assert_int_eq(jvpn_proof_compute(&keys.c2s, (const uint8_t *)"x", 1, exporter, mac),
			 JVPN_EINVAL);
}
END_TEST

UNIT_TESTS(proof)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, session_keys_derive__golden__both_directions);
	tcase_add_test(tc, session_keys_derive__other_id_or_bad_key__differs_or_fails);
	tcase_add_loop_test(tc, proof__golden_and_every_bit_flipped__only_the_original_verifies, 0,
			    (int)(sizeof(message) / sizeof(message[0])));
	tcase_add_test(tc, proof_check__no_key__false_even_for_zero_mac);
}
