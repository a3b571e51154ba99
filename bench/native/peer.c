/*
 * The native peer of the benchmarks: an in-kernel style I/O bus in userspace C, a real eventfd, and a plain trace
 * scanner. Our own code, written from the description of the algorithm: ranges kept sorted, comparator, binary search,
 * walk back over equal entries, scan, call through a function pointer, saturating add; insertion copies the array.
 *
 * Usage: peer dispatch|miss|datamatch|assign N OPS | eventfd OPS | pingpong OPS | scan FILE
 * Prints one JSON object on stdout; times are nanoseconds per operation on CLOCK_MONOTONIC.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

static struct bus *bus;

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
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

static int insert(struct device *d)
{
	int n = bus ? bus->count : 0, at = 0;
	struct range r = { d->addr, d->len, d };
	struct bus *copy = malloc(sizeof(*copy) + (n + 1) * sizeof(r));
	while (at < n && compare(&bus->ranges[at], &r) <= 0)
		at++;
	if (n) {
		memcpy(copy->ranges, bus->ranges, at * sizeof(r));
		memcpy(copy->ranges + at + 1, bus->ranges + at, (n - at) * sizeof(r));
	}
	copy->ranges[at] = r;
	copy->count = n + 1;
	free(bus);
	bus = copy;
	return at;
}

static void remove_device(struct device *d)
{
	int at = 0, n = bus->count;
	struct bus *copy = malloc(sizeof(*copy) + n * sizeof(struct range));
	while (bus->ranges[at].device != d)
		at++;
	memcpy(copy->ranges, bus->ranges, at * sizeof(struct range));
	memcpy(copy->ranges + at, bus->ranges + at + 1, (n - at - 1) * sizeof(struct range));
	copy->count = n - 1;
	free(bus);
	bus = copy;
}

static __attribute__((noinline)) int bus_write(uint64_t addr, int len, const void *value)
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

static uint32_t state = 12345;
static uint32_t random32(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

#define STREAM 65536
#define BASE 0xd0000000ull
#define STRIDE 4096

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

static void run_dispatch(int n, long ops, int miss)
{
	struct device *d = make_devices(n, 0);
	uint64_t *stream = malloc(STREAM * sizeof(*stream));
	uint32_t value = 1;
	long hits = 0;
	for (int i = 0; i < n; i++)
		insert(&d[i]);
	for (int i = 0; i < STREAM; i++)
		stream[i] = BASE + (uint64_t)(random32() % n) * STRIDE + (miss ? 64 : 0);
	for (long i = 0; i < ops / 4; i++)
		hits += bus_write(stream[i & (STREAM - 1)], 4, &value) == 0;
	double t = now_ns();
	for (long i = 0; i < ops; i++)
		hits += bus_write(stream[i & (STREAM - 1)], 4, &value) == 0;
	t = now_ns() - t;
	printf("{\"nsPerOp\":%.3f,\"hits\":%ld}\n", t / ops, hits);
}

static void run_datamatch(int n, long ops)
{
	struct device *d = make_devices(n, 1);
	uint32_t value = n - 1;
	long hits = 0;
	for (int i = 0; i < n; i++)
		insert(&d[i]);
	for (long i = 0; i < ops / 4; i++)
		hits += bus_write(BASE, 4, &value) == 0;
	double t = now_ns();
	for (long i = 0; i < ops; i++)
		hits += bus_write(BASE, 4, &value) == 0;
	t = now_ns() - t;
	printf("{\"nsPerOp\":%.3f,\"hits\":%ld}\n", t / ops, hits);
}

/* The N-th registration and its removal, OPS times, at a random place of the array. */
static void run_assign(int n, long ops)
{
	struct device *d = make_devices(n, 0), extra = d[0];
	double in = 0, out = 0;
	for (int i = 0; i < n - 1; i++)
		insert(&d[i]);
	for (long i = 0; i < ops; i++) {
		extra.addr = BASE + (uint64_t)(random32() % n) * STRIDE + 128;
		double t0 = now_ns();
		insert(&extra);
		double t1 = now_ns();
		remove_device(&extra);
		double t2 = now_ns();
		in += t1 - t0;
		out += t2 - t1;
	}
	printf("{\"nsPerOp\":%.3f,\"removeNsPerOp\":%.3f}\n", in / ops, out / ops);
}

static void run_eventfd(long ops)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	uint64_t one = 1, got = 0, sum = 0;
	double t = now_ns();
	for (long i = 0; i < ops; i++) {
		if (write(fd, &one, 8) != 8 || read(fd, &got, 8) != 8)
			exit(1);
		sum += got;
	}
	t = now_ns() - t;
	printf("{\"nsPerOp\":%.3f,\"sum\":%llu}\n", t / ops, (unsigned long long)sum);
}

static int ping, pong;
static long rounds;
static void *answer(void *unused)
{
	uint64_t v;
	(void)unused;
	for (long i = 0; i < rounds; i++) {
		if (read(ping, &v, 8) != 8 || write(pong, &v, 8) != 8)
			exit(1);
	}
	return NULL;
}

static void run_pingpong(long ops)
{
	pthread_t thread;
	uint64_t one = 1, v;
	ping = eventfd(0, 0);
	pong = eventfd(0, 0);
	rounds = ops;
	pthread_create(&thread, NULL, answer, NULL);
	double t = now_ns();
	for (long i = 0; i < ops; i++) {
		if (write(ping, &one, 8) != 8 || read(pong, &v, 8) != 8)
			exit(1);
	}
	t = now_ns() - t;
	pthread_join(thread, NULL);
	printf("{\"nsPerOp\":%.3f}\n", t / ops);
}

/* A plain scanner of ftrace text: finds kvm_mmio and kvm_pio lines and adds up their addresses. */
static void run_scan(const char *path)
{
	enum { CHUNK = 1 << 16 };
	static char buffer[CHUNK + 4096];
	int fd = open(path, O_RDONLY), held = 0;
	long lines = 0, events = 0, bytes = 0;
	uint64_t sum = 0;
	ssize_t got;
	if (fd < 0) {
		perror(path);
		exit(1);
	}
	double t = now_ns();
	while ((got = read(fd, buffer + held, CHUNK)) > 0) {
		char *p = buffer, *end = buffer + held + got, *nl;
		bytes += got;
		while ((nl = memchr(p, '\n', end - p))) {
			char *c = memchr(p, ':', nl - p);
			lines++;
			while (c && !(c[1] == ' ' && c[2] == 'k'))
				c = memchr(c + 1, ':', nl - c - 1);
			if (c && (!memcmp(c + 2, "kvm_mmio", 8) || !memcmp(c + 2, "kvm_pio", 7))) {
				char *x = c;
				events++;
				while (x < nl && !(x[0] == '0' && x[1] == 'x'))
					x++;
				for (x += 2; x < nl; x++) {
					int d = *x;
					if (d >= '0' && d <= '9')
						sum = sum * 16 + d - '0';
					else if (d >= 'a' && d <= 'f')
						sum = sum * 16 + d - 'a' + 10;
					else
						break;
				}
			}
			p = nl + 1;
		}
		held = end - p;
		memmove(buffer, p, held);
	}
	t = now_ns() - t;
	printf("{\"mbPerS\":%.1f,\"lines\":%ld,\"events\":%ld,\"sum\":%llu}\n", bytes / t * 1e3, lines, events,
	       (unsigned long long)sum);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	long a = argc > 2 ? atol(argv[2]) : 0, b = argc > 3 ? atol(argv[3]) : 0;
	if (!strcmp(what, "dispatch") && a > 0 && b > 0)
		run_dispatch(a, b, 0);
	else if (!strcmp(what, "miss") && a > 0 && b > 0)
		run_dispatch(a, b, 1);
	else if (!strcmp(what, "datamatch") && a > 0 && b > 0)
		run_datamatch(a, b);
	else if (!strcmp(what, "assign") && a > 0 && b > 0)
		run_assign(a, b);
	else if (!strcmp(what, "eventfd") && a > 0)
		run_eventfd(a);
	else if (!strcmp(what, "pingpong") && a > 0)
		run_pingpong(a);
	else if (!strcmp(what, "scan") && argc > 2)
		run_scan(argv[2]);
	else {
		fprintf(stderr, "usage: peer dispatch|miss|datamatch|assign N OPS | eventfd|pingpong OPS | scan FILE\n");
		return 2;
	}
	return 0;
}
