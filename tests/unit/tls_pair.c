/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * See tls_pair.h.
 */
#include "tls_pair.h"

#include <check.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_wolfssl.h>

#define CID_LEN      12
#define DATAGRAM_MAX 1400
#define ROUNDS_MAX   64
#define STEP_NS      1000000ULL

static struct sockaddr_in client_addr = {.sin_family = AF_INET, .sin_port = 0x1111};
static struct sockaddr_in server_addr = {.sin_family = AF_INET, .sin_port = 0x2222};

static void random_bytes(uint8_t *dest, size_t len)
{
	ck_assert_int_eq(getrandom(dest, len, 0), (ssize_t)len);
}

static void on_rand(uint8_t *dest, size_t len, const ngtcp2_rand_ctx *ctx)
{
	(void)ctx;
	random_bytes(dest, len);
}

static int on_new_cid(ngtcp2_conn *conn, ngtcp2_cid *cid, ngtcp2_stateless_reset_token *token,
		      size_t cid_len, void *user)
{
	(void)conn;
	(void)user;
	cid->datalen = cid_len;
	random_bytes(cid->data, cid_len);
	random_bytes(token->data, sizeof(token->data));
	return 0;
}

static int on_handshake_completed(ngtcp2_conn *conn, void *user)
{
	struct tls_side *side = user;

	if (side->session == NULL || jvpn_tls_session_on_complete(side->session) == 0)
		return 0;
	ngtcp2_conn_set_tls_alert(conn, JVPN_TLS_ALERT_NO_ALPN);
	return NGTCP2_ERR_CALLBACK_FAILURE;
}

static ngtcp2_conn *get_conn(ngtcp2_crypto_conn_ref *ref)
{
	return ((struct tls_side *)ref->user_data)->conn;
}

static int on_crypto_data(ngtcp2_conn *conn, ngtcp2_encryption_level level, uint64_t offset,
			  const uint8_t *data, size_t len, void *user)
{
	struct tls_side *side = user;

	if (ngtcp2_conn_is_server2(conn) && level == NGTCP2_ENCRYPTION_LEVEL_INITIAL)
		jvpn_tls_session_on_hello(side->session, offset, data, len);
	return ngtcp2_crypto_recv_crypto_data_cb(conn, level, offset, data, len, user);
}

static const ngtcp2_callbacks callbacks = {
	.client_initial = ngtcp2_crypto_client_initial_cb,
	.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
	.recv_crypto_data = on_crypto_data,
	.handshake_completed = on_handshake_completed,
	.encrypt = ngtcp2_crypto_encrypt_cb,
	.decrypt = ngtcp2_crypto_decrypt_cb,
	.hp_mask = ngtcp2_crypto_hp_mask_cb,
	.recv_retry = ngtcp2_crypto_recv_retry_cb,
	.rand = on_rand,
	.update_key = ngtcp2_crypto_update_key_cb,
	.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
	.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
	.version_negotiation = ngtcp2_crypto_version_negotiation_cb,
	.get_new_connection_id2 = on_new_cid,
	.get_path_challenge_data2 = ngtcp2_crypto_get_path_challenge_data2_cb,
};

static ngtcp2_path path_of(bool server)
{
	ngtcp2_path path = {
		.local = {(ngtcp2_sockaddr *)&client_addr, sizeof(client_addr)},
		.remote = {(ngtcp2_sockaddr *)&server_addr, sizeof(server_addr)},
	};

	if (server) {
		ngtcp2_addr swap = path.local;

		path.local = path.remote;
		path.remote = swap;
	}
	return path;
}

static void make_cid(ngtcp2_cid *cid)
{
	cid->datalen = CID_LEN;
	random_bytes(cid->data, CID_LEN);
}

static void prepare(ngtcp2_settings *settings, ngtcp2_transport_params *params, uint64_t now_ns)
{
	ngtcp2_settings_default(settings);
	settings->initial_ts = now_ns;
	ngtcp2_transport_params_default(params);
	params->initial_max_data = 65536;
	params->max_datagram_frame_size = 65535;
}

static void new_client(struct tls_pair *pair)
{
	struct tls_side *side = &pair->client;
	ngtcp2_settings settings;
	ngtcp2_transport_params params;
	ngtcp2_path path = path_of(false);
	ngtcp2_cid dcid, scid;

	memset(pair, 0, sizeof(*pair));
	pair->now_ns = STEP_NS;
	pair->client.ref = (ngtcp2_crypto_conn_ref){get_conn, &pair->client};
	pair->server.ref = (ngtcp2_crypto_conn_ref){get_conn, &pair->server};
	prepare(&settings, &params, pair->now_ns);
	make_cid(&dcid);
	make_cid(&scid);
	ck_assert_int_eq(ngtcp2_conn_client_new(&side->conn, &dcid, &scid, &path,
						NGTCP2_PROTO_VER_V1, &callbacks, &settings, &params,
						NULL, side),
			 0);
}

/* The client's first datagram says which connection ids the server has to use. */
static void new_server(struct tls_pair *pair, struct jvpn_tls *tls, const uint8_t *data, size_t len)
{
	struct tls_side *side = &pair->server;
	ngtcp2_settings settings;
	ngtcp2_transport_params params;
	ngtcp2_path path = path_of(true);
	ngtcp2_pkt_hd hd;
	ngtcp2_cid scid;

	ck_assert_int_eq(ngtcp2_accept(&hd, data, len), 0);
	prepare(&settings, &params, pair->now_ns);
	params.original_dcid = hd.dcid;
	params.original_dcid_present = 1;
	make_cid(&scid);
	ck_assert_int_eq(ngtcp2_conn_server_new(&side->conn, &hd.scid, &scid, &path, hd.version,
						&callbacks, &settings, &params, NULL, side),
			 0);
	ck_assert_int_eq(jvpn_tls_session_new(tls, NULL, &side->ref, &side->session), 0);
	ngtcp2_conn_set_tls_native_handle(side->conn, jvpn_tls_session_native(side->session));
}

static size_t write_close(struct tls_side *side, uint8_t *out, uint64_t now_ns)
{
	ngtcp2_ccerr ccerr;
	ngtcp2_pkt_info info = {0};
	ngtcp2_ssize n;

	ngtcp2_ccerr_default(&ccerr);
	ngtcp2_ccerr_set_tls_alert(&ccerr, ngtcp2_conn_get_tls_alert(side->conn), NULL, 0);
	n = ngtcp2_conn_write_connection_close(side->conn, NULL, &info, out, DATAGRAM_MAX, &ccerr,
					       now_ns);
	return n > 0 ? (size_t)n : 0;
}

static void deliver(struct tls_pair *pair, bool to_server, const uint8_t *data, size_t len)
{
	struct tls_side *to = to_server ? &pair->server : &pair->client;
	struct tls_side *from = to_server ? &pair->client : &pair->server;
	ngtcp2_path path = path_of(to_server);
	ngtcp2_pkt_info info = {0};
	uint8_t close[DATAGRAM_MAX];
	int error;

	if (to->error != 0)
		return;
	pair->datagrams++;
	error = ngtcp2_conn_read_pkt(to->conn, &path, &info, data, len, pair->now_ns);
	if (error == 0)
		return;
	to->error = error;
	if (error == NGTCP2_ERR_DRAINING)
		return;
	len = write_close(to, close, pair->now_ns);
	if (len > 0 && from->error == 0) {
		path = path_of(!to_server);
		from->error =
			ngtcp2_conn_read_pkt(from->conn, &path, &info, close, len, pair->now_ns);
	}
}

static bool pump(struct tls_pair *pair, bool from_server)
{
	struct tls_side *side = from_server ? &pair->server : &pair->client;
	uint8_t data[DATAGRAM_MAX];
	bool any = false;

	while (side->error == 0) {
		ngtcp2_pkt_info info = {0};
		ngtcp2_ssize n = ngtcp2_conn_write_pkt(side->conn, NULL, &info, data, sizeof(data),
						       pair->now_ns);

		if (n < 0)
			side->error = (int)n;
		if (n <= 0)
			break;
		any = true;
		deliver(pair, !from_server, data, (size_t)n);
	}
	return any;
}

/* The client's first flight makes the server, and is delivered to it. */
static void start(struct tls_pair *pair, struct jvpn_tls *server, bool hears)
{
	ngtcp2_pkt_info info = {0};
	uint8_t data[DATAGRAM_MAX];
	ngtcp2_ssize n;

	n = ngtcp2_conn_write_pkt(pair->client.conn, NULL, &info, data, sizeof(data), pair->now_ns);
	ck_assert_int_gt(n, 0);
	new_server(pair, server, data, (size_t)n);
	if (hears)
		deliver(pair, true, data, (size_t)n);
}

static void start_session(struct tls_pair *pair, struct jvpn_tls *client, const char *server_name)
{
	struct tls_side *side = &pair->client;

	new_client(pair);
	ck_assert_int_eq(jvpn_tls_session_new(client, server_name, &side->ref, &side->session), 0);
	ngtcp2_conn_set_tls_native_handle(side->conn, jvpn_tls_session_native(side->session));
}

void tls_pair_init(struct tls_pair *pair, struct jvpn_tls *client, struct jvpn_tls *server,
		   const char *server_name)
{
	start_session(pair, client, server_name);
	start(pair, server, true);
}

void tls_pair_init_deaf(struct tls_pair *pair, struct jvpn_tls *client, struct jvpn_tls *server,
			const char *server_name)
{
	start_session(pair, client, server_name);
	start(pair, server, false);
}

static void start_raw(struct tls_pair *pair, WOLFSSL_CTX *client)
{
	new_client(pair);
	ck_assert_int_eq(ngtcp2_crypto_wolfssl_configure_client_context(client), 0);
	wolfSSL_CTX_set_verify(client, WOLFSSL_VERIFY_NONE, NULL);
	pair->client_raw = wolfSSL_new(client);
	ck_assert_ptr_nonnull(pair->client_raw);
	wolfSSL_set_app_data(pair->client_raw, &pair->client.ref);
	wolfSSL_set_quic_transport_version(pair->client_raw, 0x39);
	wolfSSL_set_connect_state(pair->client_raw);
	ngtcp2_conn_set_tls_native_handle(pair->client.conn, pair->client_raw);
}

void tls_pair_init_raw(struct tls_pair *pair, WOLFSSL_CTX *client, struct jvpn_tls *server)
{
	start_raw(pair, client);
	start(pair, server, true);
}

void tls_pair_init_ticket(struct tls_pair *pair, WOLFSSL_CTX *client, struct jvpn_tls *server,
			  WOLFSSL_SESSION *ticket)
{
	static char alpn[] = "h3";

	start_raw(pair, client);
	ck_assert_int_eq(
		wolfSSL_UseALPN(pair->client_raw, alpn, 2, WOLFSSL_ALPN_FAILED_ON_MISMATCH),
		WOLFSSL_SUCCESS);
	if (ticket != NULL)
		ck_assert_int_eq(wolfSSL_set_session(pair->client_raw, ticket), WOLFSSL_SUCCESS);
	start(pair, server, true);
}

bool tls_pair_run(struct tls_pair *pair)
{
	for (unsigned i = 0; i < ROUNDS_MAX; i++) {
		bool any = pump(pair, false);

		any = pump(pair, true) || any;
		pair->now_ns += STEP_NS;
		/* Delayed acknowledgements and probes are none of this test's business. */
		if (!any)
			break;
	}
	return pair->client.error == 0 && pair->server.error == 0 &&
	       (pair->client.session == NULL ||
		jvpn_tls_session_is_complete(pair->client.session)) &&
	       jvpn_tls_session_is_complete(pair->server.session);
}

void tls_pair_clear(struct tls_pair *pair)
{
	ngtcp2_conn_del(pair->client.conn);
	ngtcp2_conn_del(pair->server.conn);
	jvpn_tls_session_free(pair->client.session);
	jvpn_tls_session_free(pair->server.session);
	wolfSSL_free(pair->client_raw);
}

uint64_t tls_side_peer_code(const struct tls_side *side)
{
	const ngtcp2_ccerr *ccerr = ngtcp2_conn_get_ccerr2(side->conn);

	return ccerr->type == NGTCP2_CCERR_TYPE_TRANSPORT ? ccerr->error_code : 0;
}
