/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The SQLite store on a really full file system: a tmpfs of 1 MiB in a mount namespace of its own.
 * Prints TAP; skipped where no namespace can be made.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "store/store.h"

#define RESERVE  (256 * 1024)
#define SESSIONS 2000

static struct jvpn_store *store;
static enum jvpn_store_status last;
static int number, failures;
static size_t results;

static void on_result(void *user, const struct jvpn_store_result *result)
{
	(void)user;
	last = result->status;
	results++;
}

static void ok(bool good, const char *what)
{
	printf("%s %d - %s\n", good ? "ok" : "not ok", ++number, what);
	failures += !good;
}

static enum jvpn_store_status write_op(enum jvpn_store_kind kind, uint32_t n, uint64_t from)
{
	static uint8_t record[1500];
	struct jvpn_store_op op = {
		.kind = kind,
		.from_version = from,
		.to_version = from + 1,
		.nonce = {1, from + 1},
		.state = from ? JVPN_STATE_VOLATILE : JVPN_STATE_ATTACHED,
		.record = record,
		.record_len = sizeof(record),
	};
	struct pollfd watch = {.fd = jvpn_store_fd(store), .events = POLLIN};
	size_t before = results;

	memcpy(op.id.b, &n, sizeof(n));
	op.id.b[15] = 1;
	if (jvpn_store_submit(store, &op, 1))
		return JVPN_STORE_NONE;
	while (results == before && poll(&watch, 1, 10000) == 1)
		jvpn_store_dispatch(store, 1);
	return last;
}

static int enter(const char *dir)
{
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return -1;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	return mount("tmpfs", dir, "tmpfs", 0, "size=1m");
}

/* Writes until nothing more goes: what somebody else's log would do. */
static void fill_up(const char *path)
{
	static const char junk[512];
	FILE *f = fopen(path, "w");

	if (!f)
		return;
	setvbuf(f, NULL, _IONBF, 0);
	while (fwrite(junk, 1, sizeof(junk), f) == sizeof(junk))
		continue;
	fclose(f);
}

static void test(const char *dir)
{
	char path[300], ballast[300], text[JVPN_STORE_ERROR_MAX];
	struct jvpn_store_config config = {.backend = JVPN_STORE_BACKEND_SQLITE,
					   .path = path,
					   .on_result = on_result,
					   .reserve_bytes = RESERVE};
	enum jvpn_store_status status = JVPN_STORE_OK;
	uint32_t n = 0;
	uint64_t version = 1;

	snprintf(path, sizeof(path), "%s/sessions.db", dir);
	snprintf(ballast, sizeof(ballast), "%s/ballast", dir);
	ok(jvpn_store_open(&config, &store, text, sizeof(text)) == 0, "opens");
	while (n < SESSIONS && (status = write_op(JVPN_STORE_OP_CAS, n, 0)) == JVPN_STORE_OK)
		n++;
	ok(n > 10 && n < SESSIONS && status == JVPN_STORE_FAILED, "new sessions are refused first");
	ok(jvpn_store_health(store, text) == JVPN_STORE_HEALTH_FULL && strstr(text, path),
	   "health says full and names the file");
	ok(write_op(JVPN_STORE_OP_APPEND, 0, version) == JVPN_STORE_OK,
	   "transitions of existing ones still go through");
	version++;
	fill_up(ballast);
	while ((status = write_op(JVPN_STORE_OP_APPEND, 0, version)) == JVPN_STORE_OK &&
	       version < 5000)
		version++;
	ok(status == JVPN_STORE_FAILED, "with nothing left they are refused for certain");
	ok(unlink(ballast) == 0 && write_op(JVPN_STORE_OP_APPEND, 0, version) == JVPN_STORE_OK,
	   "and go through again when there is room");
	jvpn_store_close(store);
	ok(jvpn_store_open(&config, &store, text, sizeof(text)) == 0, "opens again");
	ok(write_op(JVPN_STORE_OP_CAS, 0, version - 1) == JVPN_STORE_CONFLICT &&
		   write_op(JVPN_STORE_OP_CAS, 0, version + 1) == JVPN_STORE_OK,
	   "no version was lost");
	jvpn_store_close(store);
}

int main(void)
{
	char dir[] = "/tmp/jvpn-full-XXXXXX";

	if (!mkdtemp(dir) || enter(dir)) {
		printf("1..0 # SKIP no mount namespace with a tmpfs (%s): needs root or user"
		       " namespaces\n",
		       strerror(errno));
		rmdir(dir);
		return 0;
	}
	test(dir);
	printf("1..%d\n", number);
	umount(dir);
	rmdir(dir);
	return failures != 0;
}
