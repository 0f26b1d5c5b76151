/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The client's state file: what decodes encodes to the same octets. The digest is put right first,
 * or nothing would get behind it.
 */
#include "fuzz.h"

#include <string.h>

#include "client/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t file[JVPN_SAVED_MAX], again[JVPN_SAVED_MAX];
	static struct jvpn_saved saved;
	struct jvpn_writer w;

	if (len > sizeof(file))
		return 0;
	memcpy(file, data, len);
	(void)jvpn_saved_decode(file, len, &saved);
	if (len >= JVPN_SHA256_BYTES)
		FUZZ_CHECK(jvpn_sha256(file, len - JVPN_SHA256_BYTES,
				       file + len - JVPN_SHA256_BYTES) == 0);
	if (jvpn_saved_decode(file, len, &saved))
		return 0;
	jvpn_writer_init(&w, again, sizeof(again));
	FUZZ_CHECK(jvpn_saved_encode(&saved, &w) == 0);
	FUZZ_CHECK(jvpn_writer_len(&w) == len && memcmp(again, file, len) == 0);
	return 0;
}
