/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The file of the SQLite store: who owns it, whether it is usable, how it comes into being. What is
 * there and does not fit is named and left exactly as it is; nothing in here deletes a store.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/err.h"
#include "store/store_sqlite_internal.h"

#define HEADER_BYTES 100 /* sqlite.org/fileformat.html section 1.3 */
#define ERR          JVPN_STORE_ERROR_MAX

static const char layout[] =
	"CREATE TABLE session(id BLOB PRIMARY KEY NOT NULL, version INTEGER NOT NULL,"
	" incarnation INTEGER NOT NULL, counter INTEGER NOT NULL, state INTEGER NOT NULL,"
	" record BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE ended(seq INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE,"
	" version INTEGER NOT NULL, incarnation INTEGER NOT NULL, counter INTEGER NOT NULL,"
	" wall_ms INTEGER NOT NULL);"
	"CREATE TABLE audit(seq INTEGER PRIMARY KEY AUTOINCREMENT, session BLOB,"
	" wall_ms INTEGER NOT NULL, line BLOB NOT NULL);"
	"CREATE INDEX audit_session ON audit(session) WHERE session IS NOT NULL;"
	"CREATE TABLE state(one INTEGER PRIMARY KEY CHECK(one = 1), audit_bytes INTEGER NOT NULL,"
	" fence INTEGER NOT NULL, alive_wall_ms INTEGER, alive_boottime_ms INTEGER, alive_boot_id BLOB);"
	"INSERT INTO state VALUES(1, 0, 0, NULL, NULL, NULL);";

static int errno_code(void)
{
	switch (errno) {
	case EACCES:
	case EPERM:
	case EROFS:
		return JVPN_EPERM;
	case ENOMEM:
		return JVPN_ENOMEM;
	case ENOENT:
		return JVPN_ENOTFOUND;
	}
	return JVPN_EIO;
}

int jvpn_sqlite_error(sqlite3 *db, const char *path, int rc, char *error)
{
	const char *why = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);

	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* a table or column is missing */
	case SQLITE_FORMAT:
	case SQLITE_MISMATCH:
		snprintf(error, ERR,
			 "%s is damaged (%s): restore a copy, or move it and its -wal"
			 " away to start without its sessions; it was not changed",
			 path, why);
		return JVPN_EMALFORMED;
	case SQLITE_NOMEM:
		snprintf(error, ERR, "%s: out of memory", path);
		return JVPN_ENOMEM;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_AUTH:
		snprintf(error, ERR,
			 "%s cannot be used (%s): it and its directory must be writable"
			 " for this user",
			 path, why);
		return JVPN_EPERM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		snprintf(error, ERR, "%s is locked by another program (%s): close it", path, why);
		return JVPN_EBUSY;
	case SQLITE_FULL:
		snprintf(error, ERR, "%s: the disk is full: make room", path);
		return JVPN_EIO;
	}
	snprintf(error, ERR, "%s cannot be read or written (%s): check the disk", path, why);
	return JVPN_EIO;
}

uint64_t jvpn_sqlite_free_bytes(const char *path)
{
	struct statvfs st;

	if (statvfs(path, &st))
		return UINT64_MAX; /* unknown: writing will tell */
	return (uint64_t)st.f_bavail * st.f_frsize;
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int check_header(const char *path, const uint8_t h[HEADER_BYTES], char *error)
{
	if (memcmp(h, "SQLite format 3", 16) != 0) {
		snprintf(error, ERR,
			 "%s is not a session store (no SQLite header): name another file,"
			 " or move it away; it was not changed",
			 path);
		return JVPN_EMALFORMED;
	}
	if (get_u32(h + 68) != JVPN_SQLITE_APPLICATION_ID) {
		snprintf(error, ERR,
			 "%s is a database of another program (application_id %u): name"
			 " another file; it was not changed",
			 path, get_u32(h + 68));
		return JVPN_EMALFORMED;
	}
	if (get_u32(h + 60) != JVPN_SQLITE_FORMAT) {
		snprintf(error, ERR,
			 "%s has store format %u, this version reads %d"
			 " (record_version_unsupported): use the version that wrote it, or move it"
			 " away; it was not changed",
			 path, get_u32(h + 60), JVPN_SQLITE_FORMAT);
		return JVPN_EUNSUPPORTED;
	}
	if (h[18] != 2 || h[19] != 2) {
		snprintf(error, ERR,
			 "%s is not in WAL mode, somebody changed it: 'PRAGMA"
			 " journal_mode=WAL' in the sqlite3 shell repairs that; it was not changed",
			 path);
		return JVPN_EMALFORMED;
	}
	return 0;
}

static int check_kind(const char *path, const struct stat *st, char *error)
{
	if (!S_ISREG(st->st_mode)) {
		snprintf(error, ERR, "%s is not a regular file: name another one", path);
		return JVPN_EMALFORMED;
	}
	if ((st->st_mode & 022) != 0) {
		snprintf(error, ERR, "%s is writable by others: chmod go-w %s", path, path);
		return JVPN_EPERM;
	}
	if (st->st_size < HEADER_BYTES) {
		snprintf(error, ERR,
			 "%s is %s: restore a copy, or move it and its -wal away to start"
			 " without its sessions; it was not changed",
			 path, st->st_size == 0 ? "empty" : "cut off");
		return JVPN_EMALFORMED;
	}
	return 0;
}

static bool neighbour_exists(const char *path, const char *suffix)
{
	char name[PATH_MAX];
	int n = snprintf(name, sizeof(name), "%s%s", path, suffix);

	return n > 0 && (size_t)n < sizeof(name) && access(name, F_OK) == 0;
}

int jvpn_sqlite_file_check(const char *path, bool writable, char *error)
{
	uint8_t header[HEADER_BYTES];
	struct stat st;
	int err, fd;

	/* O_NONBLOCK: a FIFO must not hold us up */
	fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == EISDIR) {
		snprintf(error, ERR, "%s is a directory: name a file", path);
		return JVPN_EMALFORMED;
	}
	if (fd < 0) {
		err = errno_code();
		snprintf(error, ERR, "%s cannot be opened%s: %s", path,
			 writable ? " for writing" : "", strerror(errno));
		return err;
	}
	err = fstat(fd, &st) ? JVPN_EIO : check_kind(path, &st, error);
	if (err == 0 && pread(fd, header, sizeof(header), 0) != (ssize_t)sizeof(header)) {
		snprintf(error, ERR, "%s cannot be read: %s", path, strerror(errno));
		err = JVPN_EIO;
	}
	if (err == 0)
		err = check_header(path, header, error);
	close(fd);
	/* SQLite would roll it back into the file: not one of ours */
	if (err == 0 && neighbour_exists(path, "-journal")) {
		snprintf(error, ERR,
			 "%s-journal is there, which no session store has: find out what"
			 " made it; nothing was changed",
			 path);
		err = JVPN_EMALFORMED;
	}
	return err;
}

static int check_integrity(sqlite3 *db, const char *path, char *error)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check('session')", -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0) {
		snprintf(error, ERR,
			 "%s is damaged (%.200s): restore a copy, or move it and its -wal"
			 " away to start without its sessions; it was not changed",
			 path, (const char *)sqlite3_column_text(st, 0));
		sqlite3_finalize(st);
		return JVPN_EMALFORMED;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : jvpn_sqlite_error(db, path, rc, error);
}

int jvpn_sqlite_connect(const char *path, bool writable, sqlite3 **out, char *error)
{
	int flags = writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	sqlite3 *db = NULL;
	int err, rc;

	rc = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc == SQLITE_OK && writable && sqlite3_db_readonly(db, "main") != 0)
		rc = SQLITE_READONLY;
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(db, JVPN_SQLITE_BUSY_MS);
		/* Closing must not change a file that was refused. */
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		rc = sqlite3_exec(db,
				  "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
				  "PRAGMA cell_size_check=ON; SELECT 1 FROM state;",
				  NULL, NULL, NULL);
	}
	err = rc == SQLITE_OK ? 0 : jvpn_sqlite_error(db, path, rc, error);
	if (err == 0 && writable)
		err = check_integrity(db, path, error);
	if (err) {
		sqlite3_close(db);
		return err;
	}
	*out = db;
	return 0;
}

static int sync_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	int err = fd < 0 || fsync(fd) ? JVPN_EIO : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

/* The directory that holds the file: a new name is durable only with it. */
static int sync_directory(const char *path)
{
	char dir[PATH_MAX];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash)
		return sync_file(".", O_RDONLY | O_DIRECTORY);
	slash[slash == dir ? 1 : 0] = '\0';
	return sync_file(dir, O_RDONLY | O_DIRECTORY);
}

static int fill(const char *path, char *error)
{
	char pragma[160];
	sqlite3 *db = NULL;
	int rc;

	snprintf(pragma, sizeof(pragma),
		 "PRAGMA page_size=4096; PRAGMA application_id=%d;"
		 " PRAGMA user_version=%d; PRAGMA journal_mode=WAL;",
		 JVPN_SQLITE_APPLICATION_ID, JVPN_SQLITE_FORMAT);
	rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, pragma, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, layout, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc != SQLITE_OK) {
		rc = jvpn_sqlite_error(db, path, rc, error);
		sqlite3_close(db);
		return rc;
	}
	/* the last connection: SQLite removes -wal and -shm of the new file here */
	return sqlite3_close(db) == SQLITE_OK ? 0 : JVPN_EIO;
}

/* What a start that was killed in the middle of creation left behind; never a store. */
static void remove_draft(const char *draft)
{
	static const char *const suffix[] = {"", "-wal", "-shm", "-journal"};
	char name[PATH_MAX];

	for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		int n = snprintf(name, sizeof(name), "%s%s", draft, suffix[i]);

		if (n > 0 && (size_t)n < sizeof(name))
			(void)unlink(name);
	}
}

/* Under the claim. The name appears only when the file is complete and on the disk. */
static int create(const char *path, char *error)
{
	char draft[PATH_MAX];
	int err = 0, fd;
	int n = snprintf(draft, sizeof(draft), "%s.new", path);

	if (n < 0 || (size_t)n >= sizeof(draft))
		return JVPN_EINVAL;
	remove_draft(draft);
	fd = open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		err = errno_code();
		snprintf(error, ERR, "%s cannot be created: %s", draft, strerror(errno));
		return err;
	}
	close(fd);
	err = fill(draft, error);
	if (err == 0 && (sync_file(draft, O_RDWR) ||
			 renameat2(AT_FDCWD, draft, AT_FDCWD, path, RENAME_NOREPLACE) ||
			 sync_directory(path))) {
		snprintf(error, ERR, "%s cannot be created: %s", path, strerror(errno));
		err = JVPN_EIO;
	}
	if (err)
		remove_draft(draft);
	return err;
}

/* The name behind symbolic links, so that two names of one file meet at one lock. */
static int resolve(const char *path, char **out, char *error)
{
	char dir[PATH_MAX], real[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = strlen(path);

	*out = realpath(path, NULL);
	if (*out)
		return 0;
	if (errno != ENOENT || len == 0 || len >= sizeof(dir) - 16 || path[len - 1] == '/') {
		int err = errno == ENOENT ? JVPN_EINVAL : errno_code();

		snprintf(error, ERR, "%s cannot be used: %s", path, strerror(errno));
		return err;
	}
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	if (!realpath(dir, real)) {
		snprintf(error, ERR, "%s: the directory %s cannot be used (%s): create it", path,
			 dir, strerror(errno));
		return JVPN_EIO;
	}
	if (asprintf(out, "%s/%s", strcmp(real, "/") == 0 ? "" : real, slash ? slash + 1 : path) <
	    0) {
		*out = NULL;
		return JVPN_ENOMEM;
	}
	return 0;
}

static int say_owned(const char *path, int fd, char *error)
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
	snprintf(error, ERR,
		 "%s belongs to another running process%s%s: stop that one, or give this"
		 " one a store of its own",
		 path, pid[0] ? ", pid " : "", pid);
	return JVPN_EBUSY;
}

/* An open file description lock: gone with the process however it ends, and not lost when
 * somebody else in the process closes the file (fcntl(2), "Open file description locks"). */
static int lock(struct jvpn_sqlite_file *file, char *error)
{
	struct flock claim = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char name[PATH_MAX];
	int err, fd;

	snprintf(name, sizeof(name), "%s.lock", file->path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0) {
		err = errno_code();
		snprintf(error, ERR, "%s cannot be opened: %s", name, strerror(errno));
		return err;
	}
	if (fcntl(fd, F_OFD_SETLK, &claim)) {
		err = errno == EAGAIN || errno == EACCES ? say_owned(file->path, fd, error)
							 : JVPN_EIO;
		if (err == JVPN_EIO)
			snprintf(error, ERR, "%s cannot be locked: %s", name, strerror(errno));
		close(fd);
		return err;
	}
	file->lock_fd = fd;
	/* Only for the message above; the lock is what counts. */
	if (ftruncate(fd, 0) || dprintf(fd, "%ld\n", (long)getpid()) < 0)
		errno = 0;
	return 0;
}

int jvpn_sqlite_file_claim(struct jvpn_sqlite_file *file, const char *path, char *error)
{
	int err;

	file->lock_fd = -1;
	file->path = NULL;
	err = resolve(path, &file->path, error);
	if (err == 0)
		err = lock(file, error);
	if (err == 0 && access(file->path, F_OK) == 0) {
		err = jvpn_sqlite_file_check(file->path, true, error);
	} else if (err == 0 && neighbour_exists(file->path, "-wal")) {
		snprintf(error, ERR,
			 "%s is missing, but %s-wal with its newest commits is there: put"
			 " it back beside it, or move that away too; nothing was changed",
			 file->path, file->path);
		err = JVPN_EMALFORMED;
	} else if (err == 0) {
		err = create(file->path, error);
	}
	if (err)
		jvpn_sqlite_file_release(file);
	return err;
}

void jvpn_sqlite_file_release(struct jvpn_sqlite_file *file)
{
	if (file->lock_fd >= 0)
		close(file->lock_fd);
	free(file->path);
	file->lock_fd = -1;
	file->path = NULL;
}
