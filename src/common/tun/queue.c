/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The bounded packet queue as one FIFO that drops from its head.
 */
#include "tun/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/time.h"

struct jvpn_queue_packet {
	struct jvpn_queue_packet *next;
	uint64_t since_ns;
	size_t len;
	uint8_t data[];
};

void jvpn_queue_init(struct jvpn_queue *queue, const struct jvpn_queue_config *config)
{
	memset(queue, 0, sizeof(*queue));
	queue->config = *config;
}

static void remove_head(struct jvpn_queue *queue)
{
	struct jvpn_queue_packet *packet = queue->head;

	queue->head = packet->next;
	if (queue->head == NULL)
		queue->tail = NULL;
	queue->packets--;
	queue->bytes -= packet->len;
	free(packet);
}

void jvpn_queue_clear(struct jvpn_queue *queue)
{
	while (queue->head != NULL) {
		remove_head(queue);
		queue->counters.dropped_other++;
	}
}

static bool is_over(const struct jvpn_queue *queue, size_t len)
{
	return queue->packets + 1 > queue->config.max_packets ||
	       queue->bytes + len > queue->config.max_bytes;
}

int jvpn_queue_reserve(struct jvpn_queue *queue, size_t len, uint64_t now_ns, uint8_t **at)
{
	struct jvpn_queue_packet *node;

	if (len == 0 || len > queue->config.max_bytes || queue->config.max_packets == 0) {
		queue->counters.dropped_other++;
		return JVPN_ERANGE;
	}
	node = malloc(sizeof(*node) + len);
	if (node == NULL) {
		queue->counters.dropped_other++;
		return JVPN_ENOMEM;
	}
	while (is_over(queue, len)) {
		remove_head(queue);
		queue->counters.dropped_full++;
	}
	node->next = NULL;
	node->since_ns = now_ns;
	node->len = len;
	if (queue->tail != NULL)
		queue->tail->next = node;
	else
		queue->head = node;
	queue->tail = node;
	queue->packets++;
	queue->bytes += len;
	queue->counters.queued++;
	*at = node->data;
	return 0;
}

int jvpn_queue_push(struct jvpn_queue *queue, const uint8_t *packet, size_t len, uint64_t now_ns)
{
	uint8_t *at;
	int rv = jvpn_queue_reserve(queue, len, now_ns, &at);

	if (!rv)
		memcpy(at, packet, len);
	return rv;
}

uint8_t *jvpn_queue_peek(struct jvpn_queue *queue, uint64_t now_ns, size_t *len)
{
	while (queue->head != NULL &&
	       jvpn_time_since(now_ns, queue->head->since_ns) > queue->config.max_sojourn_ns) {
		remove_head(queue);
		queue->counters.dropped_stale++;
	}
	if (queue->head == NULL)
		return NULL;
	*len = queue->head->len;
	return queue->head->data;
}

void jvpn_queue_pop(struct jvpn_queue *queue)
{
	if (queue->head == NULL)
		return;
	remove_head(queue);
	queue->counters.taken++;
}

bool jvpn_queue_is_empty(const struct jvpn_queue *queue)
{
	return queue->head == NULL;
}
