/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Per-tuple challenges: bound to connection, both addresses and time.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/err.h"
#include "crypto/challenge.h"
#include "golden.h"

/* In the epoch of the golden vectors. */
#define NOW (3 * JVPN_CHALLENGE_EPOCH_NS + 5)

static struct jvpn_secret key;
static uint8_t nonce[GOLDEN_MAX];
static struct sockaddr_in local, remote;
static struct jvpn_challenge_scope scope;
static uint8_t challenge[JVPN_CHALLENGE_LEN];

static void setup(void)
{
	uint8_t b[GOLDEN_MAX];

	ck_assert_int_eq(jvpn_secret_set(&key, b, golden_bytes("challenge.key", b)), 0);
	golden_bytes("challenge.nonce", nonce);
	memset(&local, 0, sizeof(local));
	memset(&remote, 0, sizeof(remote));
	local.sin_family = remote.sin_family = AF_INET;
	inet_pton(AF_INET, "192.0.2.1", &local.sin_addr);
	local.sin_port = htons(443);
	inet_pton(AF_INET, "203.0.113.9", &remote.sin_addr);
	remote.sin_port = htons(50000);
	scope.conn_nonce = nonce;
	scope.local = (const struct sockaddr *)&local;
	scope.remote = (const struct sockaddr *)&remote;
	ck_assert_int_eq(jvpn_challenge_issue(&key, &scope, NOW, challenge), 0);
}

START_TEST(challenge_issue__golden__as_documented)
{
	struct sockaddr_in6 remote6 = {.sin6_family = AF_INET6, .sin6_port = htons(50000)};

	golden_check("challenge.ipv4", challenge, sizeof(challenge));
	inet_pton(AF_INET6, "2001:db8::9", &remote6.sin6_addr);
	scope.local = NULL;
	scope.remote = (const struct sockaddr *)&remote6;
	ck_assert_int_eq(jvpn_challenge_issue(&key, &scope, NOW, challenge), 0);
	golden_check("challenge.ipv6_no_local", challenge, sizeof(challenge));
}
END_TEST

START_TEST(challenge_check__v4_mapped_address__same_as_ipv4)
{
	struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = htons(50000)};

	inet_pton(AF_INET6, "::ffff:203.0.113.9", &mapped.sin6_addr);
	scope.remote = (const struct sockaddr *)&mapped;
	ck_assert(jvpn_challenge_check(&key, &scope, NOW, challenge));
}
END_TEST

START_TEST(challenge_check__anything_else_changed__false)
{
	ck_assert(jvpn_challenge_check(&key, &scope, NOW, challenge));
	remote.sin_port ^= htons(1);
	ck_assert(!jvpn_challenge_check(&key, &scope, NOW, challenge));
	remote.sin_port ^= htons(1);
	remote.sin_addr.s_addr ^= htonl(1);
	ck_assert(!jvpn_challenge_check(&key, &scope, NOW, challenge));
	remote.sin_addr.s_addr ^= htonl(1);
	local.sin_port ^= htons(1);
	ck_assert(!jvpn_challenge_check(&key, &scope, NOW, challenge));
	local.sin_port ^= htons(1);
	nonce[15] ^= 1;
	ck_assert(!jvpn_challenge_check(&key, &scope, NOW, challenge));
	nonce[15] ^= 1;
	key.b[0] ^= 1;
	ck_assert(!jvpn_challenge_check(&key, &scope, NOW, challenge));
	key.b[0] ^= 1;
	for (size_t bit = 0; bit < JVPN_CHALLENGE_LEN * 8; bit++) {
		challenge[bit / 8] ^= (uint8_t)(1U << bit % 8);
		ck_assert(!jvpn_challenge_check(&key, &scope, NOW, challenge));
		challenge[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	ck_assert(jvpn_challenge_check(&key, &scope, NOW, challenge));
}
END_TEST

START_TEST(challenge_check__epochs__this_and_the_last)
{
	uint64_t start = 3 * JVPN_CHALLENGE_EPOCH_NS;

	ck_assert(!jvpn_challenge_check(&key, &scope, start - 1, challenge));
	ck_assert(jvpn_challenge_check(&key, &scope, start, challenge));
	ck_assert(jvpn_challenge_check(&key, &scope, start + 2 * JVPN_CHALLENGE_EPOCH_NS - 1,
				       challenge));
	ck_assert(!jvpn_challenge_check(&key, &scope, start + 2 * JVPN_CHALLENGE_EPOCH_NS,
					challenge));
	ck_assert_int_eq(jvpn_challenge_issue(&key, &scope, 0, challenge), 0);
	ck_assert(jvpn_challenge_check(&key, &scope, 0, challenge));
}
END_TEST

START_TEST(challenge__no_key_or_foreign_family__refused)
{
	struct sockaddr unix_address = {.sa_family = AF_UNIX};
	struct jvpn_secret none = {.len = 0};
	static const uint8_t zero[JVPN_CHALLENGE_LEN];

	ck_assert_int_eq(jvpn_challenge_issue(&none, &scope, NOW, challenge), JVPN_EINVAL);
	ck_assert(!jvpn_challenge_check(&none, &scope, NOW, zero));
	scope.remote = &unix_address;
	ck_assert_int_eq(jvpn_challenge_issue(&key, &scope, NOW, challenge), JVPN_EINVAL);
	ck_assert(!jvpn_challenge_check(&key, &scope, NOW, zero));
	scope.remote = NULL;
	ck_assert_int_eq(jvpn_challenge_issue(&key, &scope, NOW, challenge), JVPN_EINVAL);
}
END_TEST

UNIT_TESTS(challenge)
{
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, challenge_issue__golden__as_documented);
	tcase_add_test(tc, challenge_check__v4_mapped_address__same_as_ipv4);
	tcase_add_test(tc, challenge_check__anything_else_changed__false);
	tcase_add_test(tc, challenge_check__epochs__this_and_the_last);
	tcase_add_test(tc, challenge__no_key_or_foreign_family__refused);
}
