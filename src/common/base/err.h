/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Local failures as negative ints. Peer errors are not in here: they are reason codes
 * (core/fsm_table.h), counted and answered, never returned as a local failure.
 */
#ifndef JVPN_BASE_ERR_H
#define JVPN_BASE_ERR_H

/* X(name, value, text): the value is what functions return, negated names read JVPN_E<name>. */
#define JVPN_ERR_MAP(X)                                                                            \
	X(NOMEM, -1, "out of memory")                                                              \
	X(INVAL, -2, "invalid argument")                                                           \
	X(RANGE, -3, "value out of range")                                                         \
	X(TRUNCATED, -4, "input ends too early")                                                   \
	X(MALFORMED, -5, "malformed input")                                                        \
	X(TRAILING, -6, "unexpected data after the end")                                           \
	X(NOSPACE, -7, "no space left in the buffer")                                              \
	X(FULL, -8, "container is full")                                                           \
	X(NOTFOUND, -9, "not found")                                                               \
	X(EXISTS, -10, "exists already")                                                           \
	X(AGAIN, -11, "not possible at this moment, try again")                                    \
	X(IO, -12, "input or output error")                                                        \
	X(PERM, -13, "permission denied")                                                          \
	X(UNSUPPORTED, -14, "not supported here")                                                  \
	X(CRYPTO, -15, "cryptographic operation failed")                                           \
	X(TLS, -16, "TLS error")                                                                   \
	X(QUIC, -17, "QUIC error")                                                                 \
	X(H3, -18, "HTTP/3 error")                                                                 \
	X(CLOSED, -19, "closed")                                                                   \
	X(CONFIG, -20, "configuration error")                                                      \
	X(INTERNAL, -21, "internal error")                                                         \
	X(BUSY, -22, "in use")                                                                     \
	X(CONFLICT, -23, "the record changed meanwhile")                                           \
	X(TIMEOUT, -24, "timed out")

enum jvpn_err {
	JVPN_OK = 0,
#define X(name, value, text) JVPN_E##name = (value),
	JVPN_ERR_MAP(X)
#undef X
};

/* Static text for a JVPN_E* code; "success" for 0, "unknown error" for anything else. */
const char *jvpn_err_text(int err);

#endif
