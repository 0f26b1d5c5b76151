/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The commented files that "jvpn-server init" and "add-client" write. Text with places to fill in;
 * contrib/examples/ has the same text, and a test proves both that and that the loaders take it.
 */
#ifndef JVPN_SERVER_TEMPLATES_H
#define JVPN_SERVER_TEMPLATES_H

#include <stdio.h>

enum jvpn_template { JVPN_TEMPLATE_SERVER = 1, JVPN_TEMPLATE_POLICY, JVPN_TEMPLATE_CLIENT };

/* Texts to fill in, all of them checked by the caller (options.h does that). Borrowed. What a template
 * does not use may be NULL. */
struct jvpn_template_values {
	const char *server_name;    /* SERVER, CLIENT: name in the certificate */
	const char *server_address; /* SERVER, CLIENT: "vpn.example.net:443", "[2001:db8::1]:443" */
	const char *listen_port;    /* SERVER: NULL is "443" */
	const char *state_dir;      /* SERVER: NULL is "state" */
	const char *client_name;    /* CLIENT */
	const char *token;          /* CLIENT: SECRET */
	const char *expiry;         /* CLIENT: "2027-11-21T00:00:00Z", or "never" */
	const char *ca_pem;         /* CLIENT: PEM text, several lines */
};

/* Writes the filled template. JVPN_EINVAL (a value is missing, or has characters that would break out
 * of its place), JVPN_EIO. Nothing is written after JVPN_EINVAL. */
int jvpn_template_write(enum jvpn_template which, const struct jvpn_template_values *values,
			FILE *stream);

#endif
