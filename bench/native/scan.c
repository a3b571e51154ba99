/*
 * A plain scanner of recordings, the peer of a replay: what a C program does that reads such text with read() and
 * pointers. Of each line it finds the end, the time, the process and thread, the event's name, and every number behind
 * it, decimal or hex, and adds them up. It trusts the text: no word between the numbers is looked at, nothing is kept,
 * put in order or judged.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 1 << 16, LONGEST = 4096 };
enum kind { MMIO, PIO, USERSPACE_EXIT, FAST_MMIO, OTHER, KINDS };

static const char *const names[] = { "kvm_mmio", "kvm_pio", "kvm_userspace_exit", "kvm_fast_mmio" };
static const size_t lengths[] = { 8, 7, 18, 13 };

static struct {
	long lines, events, of[KINDS];
	uint64_t time, ids, numbers;
} seen;

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *decimal(const char *p, uint64_t *value)
{
	uint64_t v = 0;
	for (; is_digit(*p); p++)
		v = v * 10 + (*p - '0');
	*value = v;
	return p;
}

static const char *hexadecimal(const char *p, uint64_t *value)
{
	uint64_t v = 0;
	for (;; p++) {
		if (is_digit(*p))
			v = v << 4 | (*p - '0');
		else if (*p >= 'a' && *p <= 'f')
			v = v << 4 | (*p - 'a' + 10);
		else
			break;
	}
	*value = v;
	return p;
}

/* `NS PID/TID comm name: ...`; gives where the fields start, or NULL. */
static const char *bpftrace_header(const char *p, const char *end, const char **name)
{
	uint64_t time, pid, tid;
	const char *colon;
	p = decimal(p, &time);
	p = decimal(p + 1, &pid);
	if (*p != '/')
		return NULL;
	p = decimal(p + 1, &tid);
	colon = memchr(p, ':', end - p);
	if (!colon)
		return NULL;
	for (*name = colon; (*name)[-1] != ' ';)
		--*name;
	seen.time = time;
	seen.ids += pid + tid;
	return colon;
}

/* ` comm-TID [CPU] flags SECONDS.FRACTION: name: ...` */
static const char *ftrace_header(const char *line, const char *end, const char **name)
{
	uint64_t tid, cpu, seconds, fraction;
	const char *p = memchr(line, '[', end - line), *task = p;
	if (!p)
		return NULL;
	while (task > line && task[-1] == ' ')
		task--;
	while (task > line && is_digit(task[-1]))
		task--;
	decimal(task, &tid);
	p = decimal(p + 1, &cpu);
	if (*p != ']')
		return NULL;
	for (p += 2; *p > ' '; p++)
		;
	while (*p == ' ')
		p++;
	p = decimal(p, &seconds);
	if (*p != '.')
		return NULL;
	p = decimal(p + 1, &fraction);
	if (p[0] != ':' || p[1] != ' ')
		return NULL;
	*name = p + 2;
	seen.time = seconds * 1000000 + fraction;
	seen.ids += tid + cpu;
	return memchr(p + 2, ':', end - p - 2);
}

static enum kind kind_of(const char *name, size_t length)
{
	for (int kind = MMIO; kind < OTHER; kind++)
		if (length == lengths[kind] && memcmp(name, names[kind], length) == 0)
			return kind;
	return OTHER;
}

/* A number begins where a word does, or behind a parenthesis. */
static void numbers(const char *p, const char *end)
{
	uint64_t value;
	while (p < end) {
		char before = *p++;
		if ((before != ' ' && before != '(') || !is_digit(*p))
			continue;
		if (p[0] == '0' && p[1] == 'x')
			p = hexadecimal(p + 2, &value);
		else
			p = decimal(p, &value);
		seen.numbers += value;
	}
}

static void scan_line(const char *line, const char *end)
{
	const char *name, *fields;
	seen.lines++;
	fields = is_digit(*line) ? bpftrace_header(line, end, &name) : ftrace_header(line, end, &name);
	if (!fields)
		return;
	seen.events++;
	seen.of[kind_of(name, fields - name)]++;
	numbers(fields, end);
}

static double between(const struct timespec *from, const struct timespec *to)
{
	return (to->tv_sec - from->tv_sec) * 1e9 + (to->tv_nsec - from->tv_nsec);
}

/* Scans a file and prints one JSON object: speed and sums. */
void run_scan(const char *path)
{
	static char buffer[LONGEST + CHUNK];
	struct timespec from, to, cpu_from, cpu_to;
	int fd = open(path, O_RDONLY);
	size_t held = 0;
	long bytes = 0;
	ssize_t got;
	double ns, cpu_ns;
	if (fd < 0) {
		perror(path);
		exit(1);
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_from);
	while ((got = read(fd, buffer + held, CHUNK)) > 0) {
		char *line = buffer, *end = buffer + held + got, *newline;
		bytes += got;
		for (; (newline = memchr(line, '\n', end - line)); line = newline + 1)
			scan_line(line, newline);
		held = end - line;
		if (held > LONGEST) {
			fprintf(stderr, "peer: a line of %s is too long\n", path);
			exit(1);
		}
		memmove(buffer, line, held);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_to);
	close(fd);
	ns = between(&from, &to);
	cpu_ns = between(&cpu_from, &cpu_to);
	printf("{\"mbPerS\":%.1f,\"cpuMbPerS\":%.1f,\"lines\":%ld,\"events\":%ld,\"mmio\":%ld,\"pio\":%ld,\"exits\":%ld,\"fastMmio\":%ld,"
	       "\"time\":%llu,\"ids\":%llu,\"numbers\":%llu}\n",
	       bytes / ns * 1e3, bytes / cpu_ns * 1e3, seen.lines, seen.events, seen.of[MMIO], seen.of[PIO], seen.of[USERSPACE_EXIT],
	       seen.of[FAST_MMIO], (unsigned long long)seen.time, (unsigned long long)seen.ids,
	       (unsigned long long)seen.numbers);
}
