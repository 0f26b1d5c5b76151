/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the programs read when they start: made by the server's own "init" once, configurations for
 * each run. For tests only.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "server/init.h"
#include "server/options.h"
#include "stack.h"

#define SEED_OF_KEYS 20261121

void stack_files_path(const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s/%s", stack.dir, name);
}

static void check(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(2);
}

static FILE *create(const char *name)
{
	char path[128];
	FILE *f;

	stack_files_path(name, path, sizeof(path));
	f = fopen(path, "w");
	check(f != NULL, path);
	check(fchmod(fileno(f), 0600) == 0, path);
	return f;
}

/* "init" talks to stdout. */
static int quietly(const struct jvpn_server_options *options)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), saved, code;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	dup2(null, STDOUT_FILENO);
	code = jvpn_server_init(options);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(null);
	return code;
}

static void write_tokens(void)
{
	FILE *f = create("tokens");

	for (int i = 1; i <= STACK_CLIENTS; i++) {
		char token[64], hash[JVPN_SHA256_HEX_LEN + 1];

		snprintf(token, sizeof(token), "simulated-token-of-client-%d-0123456789", i);
		check(jvpn_token_hash(token, strlen(token), hash) == 0, "token");
		fprintf(f, "client%d:%s:-\n", i, hash);
	}
	fclose(f);
}

void stack_files_make(void)
{
	static struct jvpn_server_options options;
	char text[][16] = {"jvpn-server", "init",      "--name",
			   "vpn.example", "--address", "192.0.2.1:443"};
	char *argv[] = {text[0], text[1], stack.dir, text[2], text[3], text[4], text[5], NULL};
	int code = 0;

	snprintf(stack.dir, sizeof(stack.dir), "/tmp/jvpn-sim-stack-XXXXXX");
	check(mkdtemp(stack.dir) != NULL, stack.dir);
	jvpn_rng_init(&stack.secret, SEED_OF_KEYS);
	check(jvpn_server_options_load(7, argv, &options, &code), "init");
	check(quietly(&options) == 0, "init");
	write_tokens();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void stack_files_remove(void)
{
	if (stack.dir[0])
		nftw(stack.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void configure_server(void)
{
	FILE *f = create("server.yaml");

	fprintf(f,
		"version: 1\nworkers: 1\nnode_id: server\nlisten: [\"192.0.2.1:443\", \"192.0.2.1:8443\"]\n"
		"tls:\n  certificate: server.crt\n  key: server.key\nstate_dir: state\n"
		"auth:\n  tokens: tokens\npool:\n  ipv4: \"10.77.0.0/20\"\n"
		"routes: [\"0.0.0.0/0\"]\nstore:\n  kind: %s\npolicy: sim-policy.yaml\nlog:\n  level: %s\n",
		stack.durable ? "sqlite" : "memory", stack.options.logs ? "debug" : "error");
	fclose(f);
}

static void configure_client(const struct stack_node *node)
{
	char name[40];
	FILE *f;

	snprintf(name, sizeof(name), "%s.yaml", node->name);
	f = create(name);
	fprintf(f, "interfaces: [");
	for (size_t l = 0; l < node->links; l++)
		fprintf(f, "%slink%zu", l ? ", " : "", l);
	fprintf(f,
		"]\nversion: 1\nnode_id: %s\nserver:\n  address: [\"192.0.2.1:443\"%s]\n"
		"  name: vpn.example\nauth:\n"
		"  token: \"simulated-token-of-client-%d-0123456789\"\n"
		"tls:\n  ca: ca.crt\npolicy: sim-policy.yaml\nlog:\n  level: %s\n",
		node->name, node->ports > 1 ? ", \"192.0.2.1:8443\"" : "", node->index,
		stack.options.logs ? "debug" : "error");
	fclose(f);
}

static void write_policy(FILE *f)
{
	check(f != NULL, "policy");
	fprintf(f, "version: \"sim\"\n%s", stack.policy);
	fclose(f);
}

void stack_files_configure(void)
{
	char path[512];

	write_policy(create("sim-policy.yaml"));
	if (stack.options.events) {
		snprintf(path, sizeof(path), "%s/policy.yaml", stack.options.events);
		write_policy(fopen(path, "w"));
	}
	configure_server();
	for (size_t i = 1; i < stack.nodes; i++)
		configure_client(&stack.node[i]);
}
