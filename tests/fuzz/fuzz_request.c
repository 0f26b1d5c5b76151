/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Requests of the control socket: what parses prints as a line that parses to the same; what does not
 * says why.
 */
#include "fuzz.h"

#include <string.h>

#include "ctl/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct jvpn_ctl_request first, second;
	struct jvpn_ctl_error error = {0};
	char line[512];
	size_t n;

	if (jvpn_ctl_request_parse((const char *)data, len, JVPN_CTL_SERVER, &first, &error)) {
		FUZZ_CHECK(error.code && error.message[0] && !first.command);
		return 0;
	}
	FUZZ_CHECK(first.command != NULL);
	n = jvpn_ctl_request_print(&first, line, sizeof(line));
	FUZZ_CHECK(n != 0 && line[n - 1] == '\n');
	FUZZ_CHECK(jvpn_ctl_request_parse(line, n - 1, JVPN_CTL_SERVER, &second, &error) == 0);
	FUZZ_CHECK(memcmp(&first, &second, sizeof(first)) == 0);
	return 0;
}
