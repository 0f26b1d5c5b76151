/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Main of the fuzz targets without libFuzzer: runs the corpus and a bounded number of mutations of
 * it from a fixed seed, and prints TAP. When an input kills the target, its octets go to stderr.
 *	fuzz_foo [corpus directory]	JVPN_FUZZ_RUNS and JVPN_FUZZ_SEED change number and seed.
 */
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX     4096
#define CORPUS_MAX    256
#define MUTATIONS_MAX 6
/* local.mk has fewer for a target that does much with each input. */
#ifndef RUNS_DEFAULT
#define RUNS_DEFAULT 200000
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct {
	uint8_t b[INPUT_MAX];
	size_t len;
} corpus[CORPUS_MAX];
static size_t corpus_count;
static uint8_t *current;
static size_t current_len;
static uint64_t state = 0x9e3779b97f4a7c15ULL;

/* xorshift64*: the same sequence on every machine. */
static uint32_t draw(uint32_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)((state * 0x2545f4914f6cdd1dULL) >> 32) % below;
}

static void on_crash(int number)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < current_len; i++) {
		char pair[2] = {digits[current[i] >> 4], digits[current[i] & 15]};

		if (write(STDERR_FILENO, pair, 2) != 2)
			break;
	}
	if (write(STDERR_FILENO, "\n", 1) != 1)
		_exit(2);
	signal(number, SIG_DFL);
	raise(number);
}

/* An exact heap copy, so that a sanitizer sees every octet read beyond the end. */
static void run(const uint8_t *data, size_t len)
{
	current = malloc(len ? len : 1);
	if (!current)
		abort();
	memcpy(current, data, len);
	current_len = len;
	LLVMFuzzerTestOneInput(current, len);
	free(current);
	current = NULL;
	current_len = 0;
}

static void load_file(const char *path)
{
	FILE *f = fopen(path, "rb");

	if (!f || corpus_count == CORPUS_MAX) {
		fprintf(stderr, "%s: cannot be read, or too many files\n", path);
		exit(EXIT_FAILURE);
	}
	corpus[corpus_count].len = fread(corpus[corpus_count].b, 1, INPUT_MAX, f);
	corpus_count++;
	fclose(f);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of names: the seed alone then decides what is run. */
static void load_directory(const char *path)
{
	char *name[CORPUS_MAX], full[8192];
	size_t count = 0;
	DIR *d = opendir(path);

	for (struct dirent *e; d && count < CORPUS_MAX && (e = readdir(d));)
		if (e->d_name[0] != '.')
			name[count++] = strdup(e->d_name);
	if (d)
		closedir(d);
	qsort(name, count, sizeof(name[0]), compare);
	for (size_t i = 0; i < count; i++) {
		int n = snprintf(full, sizeof(full), "%s/%s", path, name[i]);

		if (n > 0 && (size_t)n < sizeof(full))
			load_file(full);
		free(name[i]);
	}
}

static size_t mutate_one(uint8_t *b, size_t len)
{
	static const uint8_t interesting[] = {0, 1, 4, 6, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff};
	size_t at = len ? draw((uint32_t)len) : 0;

	switch (draw(7)) {
	case 0: /* flip a bit */
		if (len)
			b[at] ^= (uint8_t)(1U << draw(8));
		return len;
	case 1:
		if (len)
			b[at] = (uint8_t)draw(256);
		return len;
	case 2:
		if (len)
			b[at] = interesting[draw(sizeof(interesting))];
		return len;
	case 3: /* cut */
		return at;
	case 4: /* remove one octet */
		if (len)
			memmove(b + at, b + at + 1, len - at - 1);
		return len ? len - 1 : 0;
	case 5: /* insert one octet */
		if (len == INPUT_MAX)
			return len;
		memmove(b + at + 1, b + at, len - at);
		b[at] = (uint8_t)draw(256);
		return len + 1;
	default: { /* the tail of another input */
		size_t other = draw((uint32_t)corpus_count);
		size_t from = corpus[other].len ? draw((uint32_t)corpus[other].len) : 0;
		size_t n = corpus[other].len - from;

		if (n > INPUT_MAX - at)
			n = INPUT_MAX - at;
		memcpy(b + at, corpus[other].b + from, n);
		return at + n;
	}
	}
}

static void run_mutations(unsigned long runs)
{
	static uint8_t b[INPUT_MAX];

	for (unsigned long i = 0; i < runs; i++) {
		size_t from = draw((uint32_t)corpus_count), len = corpus[from].len;

		memcpy(b, corpus[from].b, len);
		for (uint32_t n = 1 + draw(MUTATIONS_MAX); n > 0; n--)
			len = mutate_one(b, len);
		run(b, len);
	}
}

static void corpus_path(const char *program, char *out, size_t size)
{
	const char *name = strstr(program, "fuzz_");
	const char *root = getenv("JVPN_SRCDIR");

	for (const char *next; name && (next = strstr(name + 1, "fuzz_"));)
		name = next;
	snprintf(out, size, "%s/tests/fuzz/corpus/%s", root ? root : ".", name ? name + 5 : "");
}

int main(int argc, char **argv)
{
	const char *runs = getenv("JVPN_FUZZ_RUNS"), *seed = getenv("JVPN_FUZZ_SEED");
	char path[4096];

	if (seed)
		state = strtoull(seed, NULL, 0) | 1;
	corpus_path(argv[0], path, sizeof(path));
	load_directory(argc > 1 ? argv[1] : path);
	if (corpus_count == 0) {
		printf("1..1\nnot ok 1 - no corpus in %s\n", argc > 1 ? argv[1] : path);
		return EXIT_SUCCESS;
	}
	signal(SIGABRT, on_crash);
	signal(SIGSEGV, on_crash);
	signal(SIGBUS, on_crash);
	printf("1..2\n");
	for (size_t i = 0; i < corpus_count; i++)
		run(corpus[i].b, corpus[i].len);
	printf("ok 1 - corpus, %zu inputs\n", corpus_count);
	fflush(stdout);
	run_mutations(runs ? strtoul(runs, NULL, 10) : RUNS_DEFAULT);
	printf("ok 2 - mutations\n");
	return EXIT_SUCCESS;
}
