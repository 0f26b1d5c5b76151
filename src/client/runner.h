/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Programs that the client runs (hooks, resolvectl), one after another in the order they were asked for,
 * beside the loop: nothing here waits but _finish(). Each has a limit of time, after which it and what it
 * started is killed; what it prints goes to the log. No shell unless the caller names one.
 */
#ifndef JVPN_CLIENT_RUNNER_H
#define JVPN_CLIENT_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct jvpn_loop;
struct jvpn_watch;

#define JVPN_RUNNER_ARGS_MAX 48
#define JVPN_RUNNER_ENV_MAX  40
#define JVPN_RUNNER_NAME_MAX 31
/* Lines of one program that are logged; the rest is counted. */
#define JVPN_RUNNER_LINES_MAX 40
#define JVPN_RUNNER_LINE_MAX  400
/* What can be given on standard input. */
#define JVPN_RUNNER_INPUT_MAX 4096
/* Jobs that wait; more are dropped with a warning. */
#define JVPN_RUNNER_JOBS_MAX 64
/* Where programs are when the environment does not say. */
#define JVPN_RUNNER_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct jvpn_job;
/* 'result': 0; the exit status (1..255), or 128 + the signal; JVPN_ETIMEOUT; JVPN_ENOTFOUND (there is no
 * such program), JVPN_EIO, JVPN_ENOMEM. Not called for jobs that are dropped. */
typedef void (*jvpn_runner_fn)(void *user, const struct jvpn_job *job, int result);

/* Owner: the runner, once it was added. */
struct jvpn_job {
	char name[JVPN_RUNNER_NAME_MAX + 1]; /* in front of the lines it prints */
	char *arg[JVPN_RUNNER_ARGS_MAX + 1]; /* arg[0] is looked for in PATH */
	char *env[JVPN_RUNNER_ENV_MAX + 1];  /* "NAME=value", besides ours */
	char *input;                         /* NULL: /dev/null */
	uint64_t timeout_ms;
	int group; /* the caller's; see _drop_group() */
	jvpn_runner_fn done;
	void *user;
	struct jvpn_job *next;
};

struct jvpn_runner {
	struct jvpn_loop *loop;
	struct jvpn_job *first, *last; /* the first one runs when pid is not 0 */
	pid_t pid;
	int pid_fd, output_fd; /* -1: none */
	struct jvpn_watch *pid_watch, *output_watch;
	uint64_t until_ns; /* it is killed then */
	bool is_killed, is_lost, has_ended, is_draining;
	int status;
	size_t lines;
	size_t line_len;
	char line[JVPN_RUNNER_LINE_MAX + 1];
};

/* Children are waited for from now on (SIGCHLD), whatever the parent has left ignored. */
void jvpn_runner_init(struct jvpn_runner *runner, struct jvpn_loop *loop);
/* NULL without memory. 'name' is cut to what fits. */
struct jvpn_job *jvpn_job_new(const char *name, uint64_t timeout_ms);
/* Copies. False (and nothing is added): no memory, or too many. */
bool jvpn_job_add_arg(struct jvpn_job *job, const char *text);
bool jvpn_job_add_env(struct jvpn_job *job, const char *name, const char *value);
bool jvpn_job_set_input(struct jvpn_job *job, const char *text);
void jvpn_job_free(struct jvpn_job *job);
/* Takes the job; it begins with the next _poll(). */
void jvpn_runner_add(struct jvpn_runner *runner, struct jvpn_job *job);
/* Before those that wait of this group and those above. */
void jvpn_runner_add_ahead(struct jvpn_runner *runner, struct jvpn_job *job, int group);
/* Is a job of this group running or waiting? */
bool jvpn_runner_has_group(const struct jvpn_runner *runner, int group);
/* Those of the group that wait are dropped, the running one is killed. */
void jvpn_runner_drop_group(struct jvpn_runner *runner, int group);
/* Begins what is due, kills what is late. Once in a turn. */
void jvpn_runner_poll(struct jvpn_runner *runner, uint64_t now_ns);
uint64_t jvpn_runner_next_deadline(const struct jvpn_runner *runner);
/* At the end, without the loop: runs everything that waits, each within its limit. At until_ns, and when
 * SIGINT or SIGTERM comes, jobs of this group and those above are given up: false then. */
bool jvpn_runner_finish(struct jvpn_runner *runner, int group, uint64_t until_ns);
/* Drops and kills everything. */
void jvpn_runner_clear(struct jvpn_runner *runner);

#endif
