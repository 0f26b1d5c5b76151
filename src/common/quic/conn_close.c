/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a connection ends: what an error of ngtcp2, TLS or HTTP/3 means, what the peer is told, and the
 * words for the user. Frees nothing.
 */
#include <stdio.h>
#include <string.h>

#include "quic/quic_internal.h"

static void set_info(struct jvpn_conn *conn, enum jvpn_close_kind kind, uint64_t code,
		     const char *text)
{
	char copy[sizeof(conn->info.text)];

	snprintf(copy, sizeof(copy), "%s", text); /* text may be info.text itself */
	conn->info.kind = kind;
	conn->info.code = code;
	conn->info.established = conn->is_confirmed;
	memcpy(conn->info.text, copy, sizeof(copy));
}

void jvpn_conn_bury(struct jvpn_conn *conn, enum jvpn_close_kind kind, uint64_t code,
		    const char *text)
{
	if (conn->is_dead)
		return;
	set_info(conn, kind, code, text);
	conn->is_dead = true;
	conn->quic->stats.closed[kind]++;
	if (!conn->is_completed)
		conn->quic->stats.handshakes_failed++;
	conn->dead_next = conn->quic->dead;
	conn->quic->dead = conn;
	conn->quic->dead_count++;
	jvpn_timer_disarm(&conn->quic->timers, &conn->timer);
}

/* What the peer said, reduced to visible characters. */
static void copy_reason(const ngtcp2_ccerr *e, char *out, size_t size)
{
	size_t n = e->reasonlen < size - 1 ? e->reasonlen : size - 1;

	for (size_t i = 0; i < n; i++)
		out[i] = e->reason[i] >= 0x20 && e->reason[i] < 0x7f ? (char)e->reason[i] : '?';
	out[n] = '\0';
}

static void bury_closed_by_peer(struct jvpn_conn *conn)
{
	const ngtcp2_ccerr *e = ngtcp2_conn_get_ccerr2(conn->ng);
	enum jvpn_close_kind kind = JVPN_CLOSE_PEER;
	char reason[128], text[192] = "";

	copy_reason(e, reason, sizeof(reason));
	if (e->type == NGTCP2_CCERR_TYPE_TRANSPORT) {
		if (jvpn_tls_describe_peer_alert(e->error_code, text, sizeof(text)) != JVPN_TLS_OK)
			kind = JVPN_CLOSE_TLS;
		else if (e->error_code == NGTCP2_CONNECTION_REFUSED)
			snprintf(text, sizeof(text), "the peer refuses new connections now");
		else if (e->error_code == NGTCP2_INVALID_TOKEN)
			snprintf(text, sizeof(text),
				 "the peer refused the address validation token");
		/* Whatever it did not like in the handshake, also without an alert of TLS. */
		if (kind == JVPN_CLOSE_TLS || (!conn->is_completed && text[0] == '\0'))
			jvpn_tls_session_distrust(conn->tls);
	}
	if (text[0] == '\0')
		snprintf(text, sizeof(text), "closed by the peer%s%s", reason[0] ? ": " : "",
			 reason);
	jvpn_conn_bury(conn, kind, e->error_code, text);
}

static void fail_tls(struct jvpn_conn *conn)
{
	char text[sizeof(conn->info.text)] = "";
	enum jvpn_tls_failure failure = jvpn_tls_session_describe(conn->tls, text, sizeof(text));
	uint8_t alert = ngtcp2_conn_get_tls_alert2(conn->ng);

	if (alert)
		ngtcp2_ccerr_set_tls_alert(&conn->ccerr, alert, NULL, 0);
	else
		ngtcp2_ccerr_set_liberr(&conn->ccerr, NGTCP2_ERR_CRYPTO, NULL, 0);
	set_info(conn,
		 jvpn_tls_failure_is_certificate(failure) ? JVPN_CLOSE_CERTIFICATE : JVPN_CLOSE_TLS,
		 conn->ccerr.error_code, text[0] ? text : "the TLS handshake failed");
}

void jvpn_conn_fail(struct jvpn_conn *conn, int liberr)
{
	switch (liberr) {
	case NGTCP2_ERR_DRAINING:
		if (conn->has_reset)
			jvpn_conn_bury(conn, JVPN_CLOSE_STATELESS_RESET, 0,
				       "the peer has forgotten the connection (stateless reset)");
		else
			bury_closed_by_peer(conn);
		return;
	case NGTCP2_ERR_IDLE_CLOSE:
		jvpn_conn_bury(conn, JVPN_CLOSE_IDLE, 0, "nothing was heard for the idle timeout");
		return;
	case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
		jvpn_conn_bury(
			conn, JVPN_CLOSE_HANDSHAKE_TIMEOUT, 0,
			"the handshake was not finished in time (is the address right, and UDP "
			"let through?)");
		return;
	case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
		jvpn_conn_bury(conn, JVPN_CLOSE_PROTOCOL, 0,
			       "the peer does not speak QUIC version 1");
		return;
	case NGTCP2_ERR_CLOSING:
		return;
	case NGTCP2_ERR_DROP_CONN:
	case NGTCP2_ERR_RETRY:
		jvpn_conn_bury(conn, JVPN_CLOSE_PROTOCOL, 0, "the first packet was not acceptable");
		return;
	default:
		break;
	}
	jvpn_conn_mark(conn);
	if (conn->info.kind != JVPN_CLOSE_NONE)
		return; /* a callback has said why already */
	if (liberr == NGTCP2_ERR_CRYPTO) {
		fail_tls(conn);
		return;
	}
	ngtcp2_ccerr_set_liberr(&conn->ccerr, liberr, NULL, 0);
	set_info(conn, JVPN_CLOSE_PROTOCOL, conn->ccerr.error_code, ngtcp2_strerror(liberr));
}

static void set_application_close(struct jvpn_conn *conn, uint64_t code, const char *text)
{
	snprintf(conn->close_text, sizeof(conn->close_text), "%s", text);
	ngtcp2_ccerr_set_application_error(&conn->ccerr, code, (const uint8_t *)conn->close_text,
					   strlen(conn->close_text));
}

int jvpn_conn_fail_app(struct jvpn_conn *conn, uint64_t code, const char *text)
{
	jvpn_conn_mark(conn);
	if (conn->info.kind == JVPN_CLOSE_NONE) {
		set_application_close(conn, code, text);
		set_info(conn, JVPN_CLOSE_PROTOCOL, code, text);
	}
	return NGTCP2_ERR_CALLBACK_FAILURE;
}

int jvpn_conn_fail_h3(struct jvpn_conn *conn)
{
	return jvpn_conn_fail_app(conn, jvpn_h3_error_code(conn->h3), jvpn_h3_error_text(conn->h3));
}

void jvpn_conn_close(struct jvpn_conn *conn, uint64_t app_code, const char *reason)
{
	if (conn->is_dead || conn->info.kind != JVPN_CLOSE_NONE)
		return;
	set_application_close(conn, app_code, reason ? reason : "");
	set_info(conn, JVPN_CLOSE_LOCAL, app_code, reason ? reason : "");
	jvpn_conn_mark(conn);
}
