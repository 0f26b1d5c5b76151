/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The server of the world: the program itself, main.c included, but not started by main(). For tests
 * only.
 */
#define main jvpn_server_main
int jvpn_server_main(int argc, char **argv);
#include "server/main.c"
#undef main

#include "stack.h"

static struct jvpn_server_options options;
static struct jvpn_server server;

static bool load_options(void)
{
	char path[128];
	char program[] = "jvpn-server", option[] = "-c";
	char *argv[] = {program, option, path, NULL};
	int code = 0;

	stack_files_path("server.yaml", path, sizeof(path));
	memset(&options, 0, sizeof(options));
	if (jvpn_server_options_load(3, argv, &options, &code))
		return true;
	stack_fail("the server's options: exit code %d", code);
	return false;
}

int stack_server_start(void)
{
	struct stack_node *node = &stack.node[0];
	int code;

	stack.current = node;
	if (!load_options())
		return JVPN_EXIT_CONFIG;
	memset(&server, 0, sizeof(server));
	server.options = &options;
	code = open_all(&server);
	if (code) {
		stack_fail("the server does not start: exit code %d", code);
		close_all(&server);
	}
	node->running = !code;
	return code;
}

/* Killed, it runs through its clean-up nevertheless, but nothing of it reaches the world. */
void stack_server_end(bool kill)
{
	struct stack_node *node = &stack.node[0];

	stack.current = node;
	node->dead = kill;
	close_all(&server);
	node->dead = false;
	node->running = false;
	if (kill)
		stack_stream_killed();
	memset(&server, 0, sizeof(server));
}

struct jvpn_driver *stack_server_driver(void)
{
	return stack.node[0].running ? server.worker[0].engine.driver : NULL;
}
