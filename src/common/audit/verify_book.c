/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Arrays that grow, and one index over all of them.
 */
#include "audit/verify_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* What stands in the index, so that keys of different kinds differ. */
enum kind { KIND_PROCESS = 1, KIND_NODE, KIND_IDENTITY, KIND_LIFE, KIND_HOLDER, KIND_COMMIT };

struct key {
	uint8_t kind, role;
	char node[JVPN_TRAIL_NAME_MAX + 1];
	uint8_t rest[64];
};

void *book_add(struct jvpn_trail_verify *v, void **array, uint32_t *count, size_t size)
{
	uint32_t n = *count;
	void *grown = *array;

	/* full at each power of two */
	if (n == UINT32_MAX / 2) {
		grown = NULL;
	} else if ((n & (n - 1)) == 0) {
		grown = realloc(*array, (n ? (size_t)n * 2 : 1) * size);
		if (grown)
			*array = grown;
	}
	if (!grown) {
		v->error = JVPN_ENOMEM;
		return NULL;
	}
	*count = n + 1;
	return memset((char *)grown + n * size, 0, size);
}

static uint32_t *find(struct jvpn_trail_verify *v, enum kind kind,
		      const struct jvpn_trail_line *line, const void *rest, size_t len)
{
	struct key key = {.kind = (uint8_t)kind};
	uint32_t *value;

	if (line) {
		key.role = (uint8_t)line->role;
		memcpy(key.node, line->node, sizeof(key.node));
	}
	memcpy(key.rest, rest, len);
	value = jvpn_trail_index_put(&v->index, &key, sizeof(key), NONE);
	if (!value)
		v->error = JVPN_ENOMEM;
	return value;
}

static uint32_t node_of(struct jvpn_trail_verify *v, const struct jvpn_trail_line *line)
{
	uint32_t *at = find(v, KIND_NODE, line, "", 0);
	struct node *node;

	if (!at || *at != NONE)
		return at ? *at : NONE;
	node = book_add(v, (void **)&v->node, &v->nodes, sizeof(*node));
	if (!node)
		return NONE;
	memcpy(node->name, line->node, sizeof(node->name));
	node->role = line->role;
	return *at = v->nodes - 1;
}

struct process *book_process(struct jvpn_trail_verify *v, const struct jvpn_trail_line *line)
{
	uint32_t *at = find(v, KIND_PROCESS, line, &line->pid, sizeof(line->pid));
	struct process *process;

	if (!at)
		return NULL;
	if (*at != NONE)
		return &v->process[*at];
	process = book_add(v, (void **)&v->process, &v->processes, sizeof(*process));
	if (!process)
		return NULL;
	*at = v->processes - 1;
	process->pid = line->pid;
	process->node = node_of(v, line);
	return v->error ? NULL : process;
}

static uint32_t identity_of(struct jvpn_trail_verify *v, const struct jvpn_trail_line *line)
{
	const struct jvpn_id *id = &line->event.session_id;
	uint32_t *at = find(v, KIND_IDENTITY, NULL, id, sizeof(*id));
	struct identity *identity;

	if (!at || *at != NONE)
		return at ? *at : NONE;
	identity = book_add(v, (void **)&v->identity, &v->identities, sizeof(*identity));
	if (!identity)
		return NONE;
	identity->server_life = NONE;
	identity->number = v->identities - 1;
	return *at = identity->number;
}

static struct life *add_life(struct jvpn_trail_verify *v, const struct jvpn_trail_line *line,
			     uint32_t process)
{
	struct life *life = calloc(1, sizeof(*life)), **slot;

	if (!life) {
		v->error = JVPN_ENOMEM;
		return NULL;
	}
	slot = book_add(v, (void **)&v->life, &v->lives, sizeof(struct life *));
	if (!slot) {
		free(life);
		return NULL;
	}
	*slot = life;
	life->id = line->event.session_id;
	life->number = v->lives - 1;
	life->process = process;
	life->losses = v->process[process].losses;
	life->since = life->alone_since = life->born = life->restored_at = NOT_KNOWN;
	life->identity = identity_of(v, line);
	return life->identity == NONE ? NULL : life;
}

struct life *book_life(struct jvpn_trail_verify *v, const struct jvpn_trail_line *line,
		       uint32_t process)
{
	const struct jvpn_id *id = &line->event.session_id;
	uint32_t *at = find(v, KIND_LIFE, line, id, sizeof(*id));
	struct life *life;

	if (!at)
		return NULL;
	if (*at == NONE) {
		*at = v->lives;
		life = add_life(v, line, process);
	} else {
		life = v->life[*at];
	}
	if (!life)
		return NULL;
	if (life->losses != v->process[life->process].losses)
		book_forget(v, life);
	return life;
}

struct life *book_hold(struct jvpn_trail_verify *v, const struct jvpn_trail_line *line,
		       const char *what, uint32_t life)
{
	uint32_t *at = find(v, KIND_HOLDER, line, what, strlen(what)), before;

	if (!at)
		return NULL;
	before = *at;
	*at = life;
	return before == NONE ? NULL : v->life[before];
}

const struct jvpn_policy *book_policy(struct jvpn_trail_verify *v, const char *version)
{
	struct jvpn_trail_summary *sum = &v->sum;
	size_t i;

	for (i = 0; i < v->policies; i++)
		if (strcmp(v->policy[i].policy.version, version) == 0 && !v->policy[i].ambiguous)
			return &v->policy[i].policy;
	for (i = 0; i < sum->unproven_count; i++)
		if (strcmp(sum->unproven[i].version, version) == 0)
			break;
	if (i == JVPN_TRAIL_UNPROVEN_MAX)
		i--;
	if (i == sum->unproven_count) {
		snprintf(sum->unproven[i].version, sizeof(sum->unproven[i].version), "%s", version);
		sum->unproven_count++;
	}
	sum->unproven[i].events++;
	return NULL;
}

uint64_t book_hash(const struct jvpn_trail_verify *v, const char *text)
{
	return jvpn_siphash(v->index.seed, text, strlen(text));
}

static uint32_t *find_commit(struct jvpn_trail_verify *v, const struct identity *identity,
			     const char *transport)
{
	uint64_t key[2] = {identity->number, book_hash(v, transport)};

	return find(v, KIND_COMMIT, NULL, key, sizeof(key));
}

const struct commit *book_committed(struct jvpn_trail_verify *v, const struct identity *identity,
				    const char *transport)
{
	const uint32_t *at = find_commit(v, identity, transport);

	return at && *at != NONE ? &v->commit[*at] : NULL;
}

int book_commit(struct jvpn_trail_verify *v, struct identity *identity, uint64_t ts,
		const char *transport)
{
	uint32_t *at = find_commit(v, identity, transport);
	struct commit *commit;

	if (!at)
		return v->error;
	identity->commits = 1;
	if (*at != NONE) {
		if (ts < v->commit[*at].ts)
			v->commit[*at].ts = ts;
		return 0;
	}
	commit = book_add(v, (void **)&v->commit, &v->commits, sizeof(*commit));
	if (!commit)
		return v->error;
	commit->ts = ts;
	*at = v->commits - 1;
	return 0;
}

void book_forget(struct jvpn_trail_verify *v, struct life *life)
{
	struct process *process = &v->process[life->process];

	life->losses = process->losses;
	life->state = JVPN_STATE_NONE;
	life->version_known = life->binding_known = life->unbound = false;
	life->counted_from_birth = false;
	life->attached_version = life->requests = 0;
	life->candidates = 0;
	life->since = life->alone_since = NOT_KNOWN;
	if (v->node[process->node].role == JVPN_ROLE_SERVER)
		v->identity[life->identity].broken = true;
}

void book_clear(struct jvpn_trail_verify *v)
{
	for (uint32_t i = 0; i < v->lives; i++) {
		jvpn_windows_clear(&v->life[i]->switched);
		free(v->life[i]);
	}
	free(v->commit);
	free(v->life);
	free(v->identity);
	free(v->process);
	free(v->node);
	jvpn_trail_index_clear(&v->index);
}
