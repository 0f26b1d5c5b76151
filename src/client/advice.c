/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The sentences of advice.h.
 */
#include "client/advice.h"

#include <stddef.h>
#include <string.h>

/* By what quic/tls_verify.c says. */
static const char *certificate(const char *text)
{
	static const struct {
		const char *part, *advice;
	} advices[] = {
		{"self-signed",
		 "take the CA from this server's operator anew (jvpn-server add-client prints it) and put "
		 "it into tls.ca or tls.ca_pem; if it is the right one, somebody stands between you and "
		 "the server"},
		{"issued by",
		 "take the CA from this server's operator anew (jvpn-server add-client prints it) and put "
		 "it into tls.ca or tls.ca_pem; if it is the right one, somebody stands between you and "
		 "the server"},
		{"by this machine's clock",
		 "look at the clock (timedatectl); if it is right, the server's operator has to renew the "
		 "certificate"},
		{"is not for",
		 "set server.name to a name that the certificate has, or server.address to the right "
		 "server"},
	};

	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (strstr(text, advices[i].part))
			return advices[i].advice;
	return "tell the server's operator; nothing was sent that is secret";
}

const char *jvpn_advice_close(enum jvpn_close_kind kind, const char *text)
{
	switch (kind) {
	case JVPN_CLOSE_CERTIFICATE:
		return certificate(text);
	case JVPN_CLOSE_TLS:
		return "both ends need TLS 1.3, a common cipher (tls.cipher) and HTTP/3: is it a "
		       "jvpn-server that answers at server.address?";
	case JVPN_CLOSE_PROTOCOL:
		return "is it a jvpn-server that answers at server.address?";
	case JVPN_CLOSE_NONE:
	case JVPN_CLOSE_LOCAL:
	case JVPN_CLOSE_PEER:
	case JVPN_CLOSE_STATELESS_RESET:
	case JVPN_CLOSE_IDLE:
	case JVPN_CLOSE_HANDSHAKE_TIMEOUT:
	case JVPN_CLOSE_COUNT:
		break;
	}
	return NULL;
}

const char *jvpn_advice_status(int status)
{
	switch (status) {
	case 401:
		return "the token is missing, unknown or expired: ask the operator for a new one "
		       "(jvpn-server add-client)";
	case 403:
		return "the server's policy does not admit this client: ask its operator, whose event "
		       "stream says why";
	case 429:
		return "too many attempts came from this address: it is tried again later";
	case 503:
		return "the server is full, starting or about to stop: it is tried again later "
		       "(jvpn-server status says which)";
	default:
		break;
	}
	return status / 100 == 5 ? "the server has a problem of its own: its log says which"
				 : "no jvpn-server answers like this: look at server.address";
}

const char *jvpn_advice_end(enum jvpn_reason reason)
{
	static const struct {
		enum jvpn_reason reason;
		const char *advice;
	} advices[] = {
		{JVPN_REASON_SECURITY_FAILURE,
		 "messages did not verify: somebody interferes, or two clients have one state file; "
		 "start again for a new session, and tell the operator if it comes back"},
		{JVPN_REASON_POLICY_DENIED, "the server's policy ended it: ask its operator"},
		{JVPN_REASON_POLICY_TERMINATION, "the server's policy ended it: ask its operator"},
		{JVPN_REASON_OPERATOR_TERMINATED,
		 "an operator ended it: start again when that is settled"},
		{JVPN_REASON_RESOURCE_EXHAUSTED, "the server has no room: start again later"},
	};

	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (advices[i].reason == reason)
			return advices[i].advice;
	return "what the reason means: jvpn-events(5)";
}
