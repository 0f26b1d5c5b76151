/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * TLS sessions of jvpn-load. The library keeps one for each server name, which is all that a client of
 * the product needs; here every session stands for a client of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "quic/quic.h"

/* What has come since the last time. Several handshakes are under way at a time: it may be of another
 * one of them, of the same age and worth the same. */
static void take_newest(struct load *load)
{
	uint64_t number = jvpn_tls_resume_number(load->tls, load->opt.name);

	if (number == 0 || number == load->ticket_number)
		return;
	load->ticket_number = number;
	if (jvpn_tls_resume_export(load->tls, load->opt.name, load->ticket.data, &load->ticket.len))
		load->ticket.len = 0;
}

void load_ticket_offer(struct load *load, struct load_session *s)
{
	if (!load->opt.own_tickets)
		return;
	take_newest(load);
	jvpn_tls_resume_forget(load->tls, load->opt.name);
	if (s->ticket)
		(void)jvpn_tls_resume_import(load->tls, load->opt.name, s->ticket->data,
					     s->ticket->len);
	load->ticket_number = jvpn_tls_resume_number(load->tls, load->opt.name);
}

void load_ticket_keep(struct load *load, struct load_session *s)
{
	const struct jvpn_conn *conn = s->transport->conn;

	load->resumed += jvpn_conn_is_resumed(conn);
	load->hybrid += strstr(jvpn_conn_group(conn), "MLKEM") != NULL;
	if (!load->opt.own_tickets)
		return;
	take_newest(load);
	if (!s->ticket)
		s->ticket = malloc(sizeof(*s->ticket));
	if (!s->ticket)
		abort();
	*s->ticket = load->ticket;
}
