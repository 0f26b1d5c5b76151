/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The text of each error code. Holds no state.
 */
#include "base/err.h"

const char *jvpn_err_text(int err)
{
	switch (err) {
	case JVPN_OK:
		return "success";
#define X(name, value, text)                                                                       \
	case value:                                                                                \
		return text;
		JVPN_ERR_MAP(X)
#undef X
	}
	return "unknown error";
}
