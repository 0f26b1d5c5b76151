/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The capsule stream: any chunking gives the same sequence. The first octet chooses the chunk size.
 */
#include "fuzz.h"

#include <string.h>

#include "proto/capsule.h"

#define BUFFER_BYTES 512

/* A digest of everything that came out, errors and end included (FNV-1a). */
static uint64_t mix(uint64_t h, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h;
}

static uint64_t parse(const uint8_t *data, size_t len, size_t chunk)
{
	uint8_t buffer[BUFFER_BYTES];
	struct jvpn_capsule_parser p;
	uint64_t h = 0xcbf29ce484222325ULL;
	int n = 0, end;

	jvpn_capsule_parser_init(&p, buffer, sizeof(buffer));
	for (size_t at = 0; at < len && n >= 0; at += chunk) {
		struct jvpn_reader in;
		struct jvpn_capsule c;

		jvpn_reader_init(&in, data + at, len - at < chunk ? len - at : chunk);
		while ((n = jvpn_capsule_parser_next(&p, &in, &c)) > 0) {
			FUZZ_CHECK(c.len <= BUFFER_BYTES);
			FUZZ_CHECK(jvpn_capsule_is_known(c.type));
			h = mix(h, &c.type, sizeof(c.type));
			h = mix(h, &c.len, sizeof(c.len));
			h = mix(h, c.value, c.len);
		}
		FUZZ_CHECK(n < 0 || jvpn_reader_left(&in) == 0);
	}
	end = jvpn_capsule_parser_finish(&p);
	h = mix(h, &end, sizeof(end));
	return mix(h, &p.skipped_count, sizeof(p.skipped_count));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t whole;

	if (len == 0)
		return 0;
	whole = parse(data + 1, len - 1, SIZE_MAX / 2);
	FUZZ_CHECK(parse(data + 1, len - 1, 1) == whole);
	FUZZ_CHECK(parse(data + 1, len - 1, (size_t)data[0] + 1) == whole);
	return 0;
}
