/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * posix_spawn, a pidfd that tells the end, and a pipe for what is printed.
 */
#include "client/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "runtime/clock.h"
#include "runtime/loop.h"

extern char **environ;

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
/* Without a pidfd (Linux before 5.3, some sandboxes) it is asked so often. */
#define POLL_MS 20

/* ---- jobs ---- */

struct jvpn_job *jvpn_job_new(const char *name, uint64_t timeout_ms)
{
	struct jvpn_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	snprintf(job->name, sizeof(job->name), "%s", name);
	job->timeout_ms = timeout_ms;
	return job;
}

static bool add(char **list, size_t max, char *text)
{
	size_t n = 0;

	while (n < max && list[n])
		n++;
	if (!text || n == max) {
		free(text);
		return false;
	}
	list[n] = text;
	return true;
}

bool jvpn_job_add_arg(struct jvpn_job *job, const char *text)
{
	return add(job->arg, JVPN_RUNNER_ARGS_MAX, strdup(text));
}

bool jvpn_job_add_env(struct jvpn_job *job, const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 2;
	char *text = malloc(size);

	if (text)
		snprintf(text, size, "%s=%s", name, value);
	return add(job->env, JVPN_RUNNER_ENV_MAX, text);
}

bool jvpn_job_set_input(struct jvpn_job *job, const char *text)
{
	if (strlen(text) > JVPN_RUNNER_INPUT_MAX)
		return false;
	free(job->input);
	job->input = strdup(text);
	return job->input != NULL;
}

void jvpn_job_free(struct jvpn_job *job)
{
	if (!job)
		return;
	for (size_t i = 0; job->arg[i]; i++)
		free(job->arg[i]);
	for (size_t i = 0; job->env[i]; i++)
		free(job->env[i]);
	free(job->input);
	free(job);
}

/* ---- what it prints ---- */

static void say_line(struct jvpn_runner *r)
{
	r->line[r->line_len] = '\0';
	if (r->line_len && ++r->lines <= JVPN_RUNNER_LINES_MAX)
		jvpn_log_info(JVPN_LOG_MAIN, "%s: %s", r->first->name, r->line);
	r->line_len = 0;
}

static void take_output(struct jvpn_runner *r)
{
	char data[1024];
	ssize_t n = 1;

	/* Bounded: a program that prints without end must not keep the loop. */
	for (int turns = 0; turns < 16 && (n = read(r->output_fd, data, sizeof(data))) > 0; turns++)
		for (ssize_t i = 0; i < n; i++) {
			if (data[i] == '\n' || r->line_len == JVPN_RUNNER_LINE_MAX)
				say_line(r);
			if (data[i] != '\n')
				r->line[r->line_len++] = data[i];
		}
	/* Nobody writes any more, though it may go on running: the end would be readable for ever. */
	if (n == 0 && r->output_watch) {
		jvpn_loop_unwatch(r->loop, r->output_watch);
		r->output_watch = NULL;
	}
}

/* ---- start ---- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The whole environment: the job's variables win. */
static char **make_env(const struct jvpn_job *job)
{
	size_t count = 0, n = 0;
	char **env;

	while (environ && environ[count])
		count++;
	env = calloc(count + JVPN_RUNNER_ENV_MAX + 2, sizeof(*env));
	for (size_t i = 0; env && job->env[i]; i++)
		env[n++] = job->env[i];
	for (size_t i = 0; env && i < count; i++) {
		size_t len = strcspn(environ[i], "="), k = 0;

		while (job->env[k] &&
		       (strncmp(job->env[k], environ[i], len) != 0 || job->env[k][len] != '='))
			k++;
		if (!job->env[k])
			env[n++] = environ[i];
	}
	return env;
}

/* The text fits the pipe, so that nobody waits. */
static int open_input(const struct jvpn_job *job)
{
	int p[2];
	ssize_t n;

	if (!job->input)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (pipe2(p, O_CLOEXEC))
		return -1;
	n = write(p[1], job->input, strlen(job->input));
	close(p[1]);
	if (n == (ssize_t)strlen(job->input))
		return p[0];
	close(p[0]);
	return -1;
}

static int spawn(struct jvpn_runner *r, int input, int output)
{
	const struct jvpn_job *job = r->first;
	char **env = make_env(job);
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int err;

	if (!env)
		return ENOMEM;
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETPGROUP);
	err = posix_spawnp(&r->pid, job->arg[0], &actions, &attr, job->arg, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	free(env);
	if (err)
		r->pid = 0;
	return err;
}

static void on_ended(void *user, uint64_t now_ns);

static void on_output(void *user, uint64_t now_ns)
{
	(void)now_ns;
	take_output(user);
}

static void watch(struct jvpn_runner *r)
{
	r->pid_fd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	if (r->pid_fd >= 0)
		(void)fcntl(r->pid_fd, F_SETFD, FD_CLOEXEC);
	if (r->is_draining)
		return;
	if (r->pid_fd >= 0 &&
	    jvpn_loop_watch_readable(r->loop, r->pid_fd, on_ended, r, &r->pid_watch)) {
		close_fd(&r->pid_fd); /* asked from time to time then */
	}
	if (jvpn_loop_watch_readable(r->loop, r->output_fd, on_output, r, &r->output_watch))
		r->output_watch = NULL; /* read at its end */
}

static int start(struct jvpn_runner *r, uint64_t now_ns)
{
	int p[2], input, err;

	r->lines = 0;
	r->line_len = 0;
	r->is_killed = false;
	r->has_ended = false;
	if (!getenv("PATH"))
		setenv("PATH", JVPN_RUNNER_PATH, 0);
	if (pipe2(p, O_CLOEXEC))
		return JVPN_EIO;
	input = open_input(r->first);
	err = input < 0 ? EIO : spawn(r, input, p[1]);
	close_fd(&input);
	close(p[1]);
	if (err) {
		close(p[0]);
		return err == ENOENT ? JVPN_ENOTFOUND : err == ENOMEM ? JVPN_ENOMEM : JVPN_EIO;
	}
	r->output_fd = p[0];
	(void)fcntl(r->output_fd, F_SETFL, O_NONBLOCK);
	r->until_ns = jvpn_time_add(now_ns, jvpn_ms_to_ns(r->first->timeout_ms));
	watch(r);
	return 0;
}

/* ---- end ---- */

static void unwatch(struct jvpn_runner *r)
{
	if (r->pid_watch)
		jvpn_loop_unwatch(r->loop, r->pid_watch);
	if (r->output_watch)
		jvpn_loop_unwatch(r->loop, r->output_watch);
	r->pid_watch = r->output_watch = NULL;
	close_fd(&r->pid_fd);
	close_fd(&r->output_fd);
}

static struct jvpn_job *take_first(struct jvpn_runner *r)
{
	struct jvpn_job *job = r->first;

	r->first = job->next;
	if (!r->first)
		r->last = NULL;
	job->next = NULL;
	return job;
}

static void report(struct jvpn_runner *r, int result)
{
	struct jvpn_job *job;

	if (r->lines > JVPN_RUNNER_LINES_MAX)
		jvpn_log_info(JVPN_LOG_MAIN, "%s: %zu more lines", r->first->name,
			      r->lines - JVPN_RUNNER_LINES_MAX);
	job = take_first(r);
	if (job->done)
		job->done(job->user, job, result);
	jvpn_job_free(job);
}

static int result_of(const struct jvpn_runner *r)
{
	if (r->is_killed)
		return JVPN_ETIMEOUT;
	if (r->is_lost)
		return JVPN_EIO;
	if (WIFEXITED(r->status))
		return WEXITSTATUS(r->status);
	return 128 + (WIFSIGNALED(r->status) ? WTERMSIG(r->status) : 0);
}

/* True: it has ended and is reported. */
static bool reap(struct jvpn_runner *r)
{
	pid_t pid = waitpid(r->pid, &r->status, WNOHANG);

	if (pid == 0 || (pid < 0 && errno == EINTR))
		return false;
	r->is_lost = pid < 0; /* somebody else has waited for it: how it ended nobody knows */
	take_output(r);
	say_line(r);
	unwatch(r);
	r->pid = 0;
	report(r, result_of(r));
	return true;
}

static void on_ended(void *user, uint64_t now_ns)
{
	(void)now_ns;
	(void)reap(user);
}

static void kill_it(struct jvpn_runner *r)
{
	r->is_killed = true;
	r->until_ns = JVPN_TIME_NEVER;
	if (kill(-r->pid, SIGKILL))
		(void)kill(r->pid, SIGKILL);
}

/* ---- the queue ---- */

void jvpn_runner_init(struct jvpn_runner *runner, struct jvpn_loop *loop)
{
	memset(runner, 0, sizeof(*runner));
	runner->loop = loop;
	runner->pid_fd = runner->output_fd = -1;
	signal(SIGCHLD, SIG_DFL);
}

void jvpn_runner_add_ahead(struct jvpn_runner *runner, struct jvpn_job *job, int group)
{
	struct jvpn_job **at = &runner->first;
	size_t count = 0;

	for (const struct jvpn_job *j = runner->first; j; j = j->next)
		count++;
	if (count >= JVPN_RUNNER_JOBS_MAX) {
		jvpn_log_warn(JVPN_LOG_MAIN, "%s: too many commands wait: not run", job->name);
		jvpn_job_free(job);
		return;
	}
	while (*at && ((*at)->group < group || (runner->pid && *at == runner->first)))
		at = &(*at)->next;
	job->next = *at;
	*at = job;
	if (!job->next)
		runner->last = job;
}

void jvpn_runner_add(struct jvpn_runner *runner, struct jvpn_job *job)
{
	jvpn_runner_add_ahead(runner, job, INT_MAX);
}

bool jvpn_runner_has_group(const struct jvpn_runner *runner, int group)
{
	for (const struct jvpn_job *j = runner->first; j; j = j->next)
		if (j->group == group)
			return true;
	return false;
}

static void drop(struct jvpn_runner *runner, int first_group, int last_group)
{
	struct jvpn_job **at = &runner->first, *last = NULL;

	if (runner->pid) {
		if (runner->first->group >= first_group && runner->first->group <= last_group) {
			runner->first->done = NULL;
			kill_it(runner);
		}
		last = runner->first;
		at = &runner->first->next;
	}
	while (*at) {
		struct jvpn_job *job = *at;

		if (job->group >= first_group && job->group <= last_group) {
			*at = job->next;
			jvpn_job_free(job);
		} else {
			last = job;
			at = &job->next;
		}
	}
	runner->last = last;
}

void jvpn_runner_drop_group(struct jvpn_runner *runner, int group)
{
	drop(runner, group, group);
}

void jvpn_runner_poll(struct jvpn_runner *runner, uint64_t now_ns)
{
	if (runner->pid && runner->until_ns <= now_ns)
		kill_it(runner);
	if (runner->pid && runner->pid_fd < 0)
		(void)reap(runner);
	while (!runner->pid && runner->first) {
		int rv = start(runner, now_ns);

		if (rv)
			report(runner, rv);
	}
}

uint64_t jvpn_runner_next_deadline(const struct jvpn_runner *runner)
{
	if (!runner->pid)
		return runner->first ? 0 : JVPN_TIME_NEVER;
	if (runner->pid_fd < 0)
		return jvpn_clock_mono_ns() + jvpn_ms_to_ns(POLL_MS);
	return runner->until_ns;
}

static void wait_a_bit(struct jvpn_runner *r)
{
	struct pollfd p[2] = {{.fd = r->pid_fd, .events = POLLIN},
			      {.fd = r->output_fd, .events = POLLIN}};

	/* Its output has ended before it has: do not spin on that. */
	if (poll(p, 2, POLL_MS) > 0 && !p[0].revents && !(p[1].revents & POLLIN))
		poll(p, 1, POLL_MS);
	take_output(r);
}

/* Nobody reads signals when the loop has stopped. */
static volatile sig_atomic_t told_to_stop;

static void on_signal(int signo)
{
	(void)signo;
	told_to_stop = 1;
}

bool jvpn_runner_finish(struct jvpn_runner *runner, int group, uint64_t until_ns)
{
	const struct sigaction fresh = {.sa_handler = on_signal};
	struct sigaction old_int, old_term;
	bool is_cut = false;

	told_to_stop = 0;
	sigaction(SIGINT, &fresh, &old_int);
	sigaction(SIGTERM, &fresh, &old_term);
	runner->is_draining = true;
	while (runner->first) {
		uint64_t now_ns = jvpn_clock_mono_ns();

		if (!is_cut && (told_to_stop || now_ns >= until_ns)) {
			is_cut = true;
			if (runner->first->group >= group)
				jvpn_log_warn(JVPN_LOG_MAIN, "%s: not waited for any longer",
					      runner->first->name);
			drop(runner, group, INT_MAX);
		}
		jvpn_runner_poll(runner, now_ns);
		if (!runner->pid)
			continue;
		wait_a_bit(runner);
		(void)reap(runner);
	}
	runner->is_draining = false;
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	return !is_cut;
}

void jvpn_runner_clear(struct jvpn_runner *runner)
{
	if (runner->pid) {
		kill_it(runner);
		(void)waitpid(runner->pid, &runner->status, 0);
		unwatch(runner);
		runner->pid = 0;
	}
	while (runner->first)
		jvpn_job_free(take_first(runner));
}
