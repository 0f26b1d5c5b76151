/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The log of a run, its hash, and what a violation prints. For tests only.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stack.h"

void stack_hash(const void *data, size_t len)
{
	const uint8_t *at = data;

	/* FNV-1a */
	for (size_t i = 0; i < len; i++)
		stack.hash = (stack.hash ^ at[i]) * 0x100000001b3ULL;
}

void stack_log(const char *fmt, ...)
{
	char *line = stack.log[stack.log_count++ % STACK_LOG_LINES];
	size_t at =
		(size_t)snprintf(line, STACK_LINE_MAX, "%9.3f %-7s ", (double)stack.now_ns / 1e9,
				 stack.current ? stack.current->name : "world");
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + at, STACK_LINE_MAX - at, fmt, ap);
	va_end(ap);
	stack_hash(line, strlen(line));
	if (stack.options.trace)
		printf("%s\n", line);
}

void stack_fail(const char *fmt, ...)
{
	char text[STACK_LINE_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	stack_log("VIOLATION: %s", text);
	stack.failed = true;
}

void stack_show(void)
{
	uint64_t from = stack.log_count > STACK_LOG_LINES ? stack.log_count - STACK_LOG_LINES : 0;

	if (!stack.options.trace)
		for (uint64_t i = from; i < stack.log_count; i++)
			printf("# %s\n", stack.log[i % STACK_LOG_LINES]);
	printf("# again: tests/sim/stack/sim-stack --seed %" PRIu64 " --trace\n",
	       stack.options.seed);
}
