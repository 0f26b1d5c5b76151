/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Messages: what decodes is valid, encodes again and decodes to the same. The first octet chooses
 * the type.
 */
#include "fuzz.h"

#include <string.h>

#include "proto/jvmsg.h"

static int decode(enum jvpn_msg_type type, const uint8_t *value, size_t len, struct jvpn_msg *out)
{
	struct jvpn_reader r;

	jvpn_reader_init(&r, value, len);
	return jvpn_jvmsg_decode(jvpn_jvmsg_capsule_type(type), &r, out);
}

static void check_auth(enum jvpn_msg_type type, const uint8_t *value, size_t len)
{
	static const struct jvpn_id id = {{1}};
	uint8_t input[JVPN_JVMSG_AUTH_MAX];
	struct jvpn_writer w;
	int err;

	jvpn_writer_init(&w, input, sizeof(input));
	err = jvpn_jvmsg_auth_input(type, value, len, &id, &w);
	FUZZ_CHECK((err == 0) == (jvpn_jvmsg_auth(type) != JVPN_JVMSG_AUTH_NONE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t again[JVPN_JVMSG_VALUE_MAX];
	struct jvpn_msg first, second;
	enum jvpn_msg_type type;
	struct jvpn_writer w;

	if (len == 0)
		return 0;
	type = (enum jvpn_msg_type)(data[0] % (JVPN_MSG_COUNT + 1));
	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	if (decode(type, data + 1, len - 1, &first))
		return 0;
	FUZZ_CHECK(first.type == type);
	check_auth(type, data + 1, len - 1);
	jvpn_writer_init(&w, again, sizeof(again));
	FUZZ_CHECK(jvpn_jvmsg_encode(&first, &w) == 0);
	FUZZ_CHECK(jvpn_writer_len(&w) == len - 1);
	FUZZ_CHECK(decode(type, again, jvpn_writer_len(&w), &second) == 0);
	FUZZ_CHECK(memcmp(&first, &second, sizeof(first)) == 0);
	return 0;
}
