/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The clients of the world: the program itself, main.c included, but not started by main(). For tests
 * only.
 */
#define main jvpn_client_main
int jvpn_client_main(int argc, char **argv);
#include "client/main.c"
#undef main

#include "stack.h"

static struct jvpn_client_options options[STACK_NODES];
static struct jvpn_client clients[STACK_NODES];

static bool load_options(const struct stack_node *node)
{
	char path[128], name[40];
	char program[] = "jvpn-client", option[] = "-c";
	char *argv[] = {program, option, path, NULL};
	int code = 0;

	snprintf(name, sizeof(name), "%s.yaml", node->name);
	stack_files_path(name, path, sizeof(path));
	memset(&options[node->index], 0, sizeof(options[0]));
	if (jvpn_client_options_load(3, argv, &options[node->index], &code))
		return true;
	stack_fail("options of %s: exit code %d", node->name, code);
	return false;
}

int stack_client_start(struct stack_node *node)
{
	struct jvpn_client *client = &clients[node->index];
	int code;

	stack.current = node;
	if (!load_options(node))
		return JVPN_EXIT_CONFIG;
	memset(client, 0, sizeof(*client));
	client->options = &options[node->index];
	code = open_all(client);
	if (code) {
		stack_fail("%s does not start: exit code %d", node->name, code);
		close_all(client);
	}
	node->running = !code;
	return code;
}

void stack_client_end(struct stack_node *node, bool kill)
{
	struct jvpn_client *client = &clients[node->index];

	stack.current = node;
	node->dead = kill;
	close_all(client);
	node->dead = false;
	node->running = false;
	memset(client, 0, sizeof(*client));
	jvpn_client_options_clear(&options[node->index]);
}

struct jvpn_live *stack_client_live(const struct stack_node *node)
{
	return node->running ? clients[node->index].live : NULL;
}

struct jvpn_driver *stack_client_driver(const struct stack_node *node)
{
	return node->running ? clients[node->index].engine.driver : NULL;
}
