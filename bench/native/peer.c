/*
 * The native peer of the benchmarks: an in-kernel style I/O bus in userspace C and a real eventfd; the scanner of
 * recordings is in scan.c. Our own code, written from the description of the algorithm: ranges kept sorted, comparator,
 * binary search, walk back over equal entries, scan, call through a function pointer, saturating add; insertion and
 * removal copy the array.
 *
 * Usage: peer dispatch|miss|datamatch CHUNKS N:OPS...   OPS writes a chunk on a bus of N devices
 *        peer assign CHUNKS N...                        the N-th registration and its removal
 *        peer eventfd CHUNKS OPS                        write + read
 *        peer pingpong CHUNKS OPS LOOKS                 a round trip between two threads, which look before they sleep
 *        peer scan FILE
 * Prints one JSON object on stdout: nanoseconds per operation on CLOCK_MONOTONIC, the median of the chunks, after some
 * work that is not timed. A checksum over all counters shows which device took how many of the timed writes.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define MAX_CHUNKS 999
#define STREAM 65536
#define BASE 0xd0000000ull
#define STRIDE 4096
#define BATCH 64

struct device;
typedef int (*write_handler)(struct device *self, uint64_t addr, int len, const void *value);

struct device {
	write_handler write;
	uint64_t addr, datamatch;
	int len, wildcard;
	volatile uint64_t counter;
};

struct range {
	uint64_t addr;
	int len;
	struct device *device;
};

struct bus {
	int count;
	struct range ranges[];
};

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double median(double *values, int n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void *allocate(size_t size)
{
	void *p = malloc(size);
	if (!p) {
		fprintf(stderr, "peer: out of memory\n");
		exit(1);
	}
	return p;
}

static int compare(const struct range *key, const struct range *entry)
{
	if (key->addr < entry->addr)
		return -1;
	if (entry->len == 0)
		return key->addr > entry->addr;
	return key->addr + key->len > entry->addr + entry->len;
}

static int signal_if_match(struct device *d, uint64_t addr, int len, const void *value)
{
	uint64_t v = 0;
	if (addr != d->addr)
		return -1;
	if (d->len) {
		if (len != d->len)
			return -1;
		if (!d->wildcard) {
			switch (len) {
			case 1: v = *(const uint8_t *)value; break;
			case 2: v = *(const uint16_t *)value; break;
			case 4: v = *(const uint32_t *)value; break;
			default: v = *(const uint64_t *)value;
			}
			if (v != d->datamatch)
				return -1;
		}
	}
	if (d->counter != UINT64_MAX)
		d->counter++;
	return 0;
}

static struct bus *inserted(struct bus *old, struct device *d)
{
	int n = old->count, at = 0;
	struct range r = { d->addr, d->len, d };
	struct bus *copy = allocate(sizeof(*copy) + (n + 1) * sizeof(r));
	while (at < n && compare(&old->ranges[at], &r) <= 0)
		at++;
	memcpy(copy->ranges, old->ranges, at * sizeof(r));
	memcpy(copy->ranges + at + 1, old->ranges + at, (n - at) * sizeof(r));
	copy->ranges[at] = r;
	copy->count = n + 1;
	free(old);
	return copy;
}

static struct bus *removed(struct bus *old, struct device *d)
{
	int at = 0, n = old->count;
	struct bus *copy = allocate(sizeof(*copy) + n * sizeof(struct range));
	while (old->ranges[at].device != d)
		at++;
	memcpy(copy->ranges, old->ranges, at * sizeof(struct range));
	memcpy(copy->ranges + at, old->ranges + at + 1, (n - at - 1) * sizeof(struct range));
	copy->count = n - 1;
	free(old);
	return copy;
}

/* A bus of devices that are in order already: what insertion one by one leaves, without its quadratic time. */
static struct bus *filled(struct device *d, int n)
{
	struct bus *bus = allocate(sizeof(*bus) + n * sizeof(struct range));
	bus->count = n;
	for (int i = 0; i < n; i++)
		bus->ranges[i] = (struct range){ d[i].addr, d[i].len, &d[i] };
	return bus;
}

static __attribute__((noinline)) int bus_write(const struct bus *bus, uint64_t addr, int len, const void *value)
{
	struct range key = { addr, len, NULL };
	int low = 0, high = bus->count, at = -1;
	while (low < high) {
		int mid = low + (high - low) / 2;
		int c = compare(&key, &bus->ranges[mid]);
		if (c == 0) {
			at = mid;
			break;
		}
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	if (at < 0)
		return -1;
	while (at > 0 && compare(&key, &bus->ranges[at - 1]) == 0)
		at--;
	for (; at < bus->count && compare(&key, &bus->ranges[at]) == 0; at++) {
		struct device *d = bus->ranges[at].device;
		if (d->write(d, addr, len, value) == 0)
			return 0;
	}
	return -1;
}

static uint32_t state;
static uint32_t random32(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static struct device *make_devices(int n, int same_address)
{
	struct device *d = calloc(n, sizeof(*d));
	for (int i = 0; i < n; i++) {
		d[i].write = signal_if_match;
		d[i].addr = BASE + (same_address ? 0 : (uint64_t)i * STRIDE);
		d[i].len = 4;
		d[i].wildcard = !same_address;
		d[i].datamatch = i;
	}
	return d;
}

static uint32_t checksum(const struct device *d, int n)
{
	uint32_t sum = 0;
	for (int i = 0; i < n; i++)
		sum += (uint32_t)d[i].counter * (uint32_t)(i + 1);
	return sum;
}

enum { HIT, MISS, DATAMATCH };

static long write_stream(const struct bus *bus, const uint64_t *stream, long from, long ops, const uint32_t *value)
{
	long hits = 0;
	for (long i = from; i < from + ops; i++)
		hits += bus_write(bus, stream[i & (STREAM - 1)], 4, value) == 0;
	return hits;
}

static void run_dispatch(int kind, int chunks, int n, long ops)
{
	static uint64_t stream[STREAM];
	struct device *d = make_devices(n, kind == DATAMATCH);
	struct bus *bus = filled(d, n);
	uint32_t value = kind == DATAMATCH ? n - 1 : 1;
	double ns[MAX_CHUNKS];
	long hits = 0;
	state = 12345;
	for (int i = 0; i < STREAM; i++)
		stream[i] = kind == DATAMATCH ? BASE :
			BASE + (uint64_t)(random32() % n) * STRIDE + (kind == MISS ? 64 : 0);
	write_stream(bus, stream, 0, kind == DATAMATCH ? ops : STREAM, &value);
	for (int i = 0; i < n; i++)
		d[i].counter = 0;
	for (int chunk = 0; chunk < chunks; chunk++) {
		double t = now_ns();
		hits += write_stream(bus, stream, chunk * ops, ops, &value);
		ns[chunk] = (now_ns() - t) / ops;
	}
	printf("\"%d\":{\"ns\":%.3f,\"hits\":%ld,\"checksum\":%u}", n, median(ns, chunks), hits, checksum(d, n));
	free(bus);
	free(d);
}

/* A batch of registrations near the N-th, spread over as many buses as keep N what it is. */
static void run_assign(int chunks, int n)
{
	int each = n / 16 > BATCH ? BATCH : n / 16 < 1 ? 1 : n / 16, buses = BATCH / each;
	struct device *d = make_devices(n, 0), extra[BATCH];
	struct bus *bus[BATCH];
	double in[MAX_CHUNKS], out[MAX_CHUNKS];
	/* Keeps what is freed: a kernel takes no page fault for its memory. */
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	state = 12345;
	for (int b = 0; b < buses; b++)
		bus[b] = filled(d, n - 1);
	for (int chunk = -1; chunk < chunks; chunk++) {
		double t0, t1, t2;
		for (int i = 0; i < buses * each; i++) {
			extra[i] = d[0];
			extra[i].addr = BASE + (uint64_t)(random32() % n) * STRIDE + 128 + 8 * i;
		}
		t0 = now_ns();
		for (int i = 0; i < buses * each; i++)
			bus[i % buses] = inserted(bus[i % buses], &extra[i]);
		t1 = now_ns();
		for (int i = 0; i < buses * each; i++)
			bus[i % buses] = removed(bus[i % buses], &extra[i]);
		t2 = now_ns();
		if (chunk < 0)
			continue;
		in[chunk] = (t1 - t0) / (buses * each);
		out[chunk] = (t2 - t1) / (buses * each);
	}
	printf("\"%d\":{\"assignNs\":%.3f,\"deassignNs\":%.3f}", n, median(in, chunks), median(out, chunks));
	for (int b = 0; b < buses; b++)
		free(bus[b]);
	free(d);
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void run_eventfd(int chunks, long ops)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	uint64_t one = 1, got = 0, sum = 0;
	double ns[MAX_CHUNKS];
	for (int chunk = -1; chunk < chunks; chunk++) {
		double t = now_ns();
		for (long i = 0; i < ops; i++) {
			if (write(fd, &one, 8) != 8 || read(fd, &got, 8) != 8)
				fail("eventfd");
			sum += got;
		}
		if (chunk >= 0)
			ns[chunk] = (now_ns() - t) / ops;
	}
	printf("{\"ns\":%.3f,\"sum\":%llu}\n", median(ns, chunks), (unsigned long long)sum);
}

/* looks: how often a thread looks before it sleeps. */
static int ping, pong, looks;
static long rounds;

static uint64_t wait_for(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	uint64_t v;
	for (int look = 0; look < looks; look++) {
		if (read(fd, &v, 8) == 8)
			return v;
	}
	if (looks && poll(&p, 1, -1) != 1)
		fail("poll");
	if (read(fd, &v, 8) != 8)
		fail("read");
	return v;
}

static void *answer(void *unused)
{
	(void)unused;
	for (long i = 0; i < rounds; i++) {
		uint64_t v = wait_for(ping);
		if (write(pong, &v, 8) != 8)
			fail("pong");
	}
	return NULL;
}

static void run_pingpong(int chunks, long ops)
{
	pthread_t thread;
	uint64_t one = 1;
	double ns[MAX_CHUNKS];
	ping = eventfd(0, looks ? EFD_NONBLOCK : 0);
	pong = eventfd(0, looks ? EFD_NONBLOCK : 0);
	rounds = ops * (chunks + 1);
	if (pthread_create(&thread, NULL, answer, NULL))
		fail("pthread_create");
	for (int chunk = -1; chunk < chunks; chunk++) {
		double t = now_ns();
		for (long i = 0; i < ops; i++) {
			if (write(ping, &one, 8) != 8)
				fail("ping");
			wait_for(pong);
		}
		if (chunk >= 0)
			ns[chunk] = (now_ns() - t) / ops;
	}
	pthread_join(thread, NULL);
	printf("{\"ns\":%.3f}\n", median(ns, chunks));
}

/* In scan.c. */
void run_scan(const char *path);

static int usage(void)
{
	fprintf(stderr, "usage: peer dispatch|miss|datamatch CHUNKS N:OPS... | assign CHUNKS N... | "
			"eventfd CHUNKS OPS | pingpong CHUNKS OPS LOOKS | scan FILE\n");
	return 2;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int chunks = argc > 2 ? atoi(argv[2]) : 0;
	int kind = !strcmp(what, "dispatch") ? HIT : !strcmp(what, "miss") ? MISS :
		   !strcmp(what, "datamatch") ? DATAMATCH : -1;
	if (argc < 3)
		return usage();
	if (!strcmp(what, "scan")) {
		run_scan(argv[2]);
		return 0;
	}
	if (argc < 4 || chunks < 1 || chunks > MAX_CHUNKS)
		return usage();
	if (!strcmp(what, "eventfd"))
		run_eventfd(chunks, atol(argv[3]));
	else if (!strcmp(what, "pingpong")) {
		looks = argc > 4 ? atoi(argv[4]) : 0;
		run_pingpong(chunks, atol(argv[3]));
	} else if (kind >= 0 || !strcmp(what, "assign")) {
		for (int i = 3; i < argc; i++) {
			char *colon = strchr(argv[i], ':');
			int n = atoi(argv[i]);
			long ops = colon ? atol(colon + 1) : 0;
			if (n < 1 || (kind >= 0 && ops < 1))
				return usage();
			putchar(i == 3 ? '{' : ',');
			if (kind >= 0)
				run_dispatch(kind, chunks, n, ops);
			else
				run_assign(chunks, n);
		}
		puts("}");
	} else
		return usage();
	return 0;
}
