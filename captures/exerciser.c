/*
 * A VMM that does what no sane one does: random registrations, coalesced zones and memory-mapped and port accesses of
 * every kind, on several VMs and vCPUs, while a recorder looks on. A replay of the recording must find the cause of every
 * exit and no contradiction.
 *
 *   cc -O1 -o exerciser exerciser.c -lpthread
 *   ./exerciser SEED IRQCHIP DRAIN REGISTRATIONS ZONES ACCESSES VCPUS VMS CHURN PREMADE
 *
 * IRQCHIP   0 none, 1 full with a timer, 2 split, 3 full, made after the registrations
 * DRAIN     the ring of coalesced writes is emptied 0 never, 1 after each exit, 2 now and then
 * CHURN     one exit in so many changes a registration or zone, 0 none
 * PREMADE   the main thread makes the vCPUs, rather than each its own
 *
 * It calls itself qemu-system-x86, which is what capture.bt looks for. The guest is 32-bit code without paging.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

enum { MEMORY = 1 << 20, CODE = 0x10000, CODE_SIZE = 0x8000, EVENTFDS = 8, MOST = 60, END_PORT = 0xf4 };

static unsigned seed;
static int irqchip, drain, registrations, zones, accesses, churn, kvm;

struct vm {
	int fd, eventfds[EVENTFDS], count;
	uint8_t *memory;
	struct kvm_ioeventfd made[MOST];
	pthread_mutex_t lock;
};

struct vcpu {
	struct vm *vm;
	int id, fd;
};

static __thread unsigned state;

static unsigned below(unsigned n)
{
	state = state * 1103515245u + 12345u;
	return ((state >> 12) ^ (state >> 20)) % n;
}

static unsigned pick(const unsigned *from, unsigned n)
{
	return from[below(n)];
}
#define PICK(...) pick((const unsigned[]){ __VA_ARGS__ }, sizeof((unsigned[]){ __VA_ARGS__ }) / sizeof(unsigned))

static unsigned mmio_address(void)
{
	unsigned base = PICK(0xd0000000, 0xd0000ff0, 0xd0000ff8, 0xd0000ffd, 0xd0000fff, 0xd0001000, 0xd0002000, 0xd0002008);
	return base + (below(3) ? 0 : below(16));
}

static unsigned port(void)
{
	return below(7) ? 0x500 + below(24) : PICK(0x21, 0xa1, 0x40, 0x42, 0x61, 0x4d0, 0x70, 0x71);
}

/* ---- registrations ---- */

static void take_away(struct vm *vm)
{
	int i = below(vm->count);
	struct kvm_ioeventfd e = vm->made[i];
	e.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
	if (ioctl(vm->fd, KVM_IOEVENTFD, &e) == 0)
		vm->made[i] = vm->made[--vm->count];
}

static void change_registration(struct vm *vm)
{
	struct kvm_ioeventfd e = { .fd = vm->eventfds[below(EVENTFDS)], .len = PICK(0, 0, 1, 1, 2, 2, 4, 4, 8) };
	if (vm->count && below(5) == 0)
		return take_away(vm);
	if (vm->count == MOST)
		return;
	if (below(2)) {
		e.flags |= KVM_IOEVENTFD_FLAG_PIO;
		e.addr = below(8) ? 0x500 + below(24) : PICK(0x20, 0x21, 0xa0, 0x40, 0x43, 0x61, 0x4d0);
	} else {
		e.addr = below(8) ? mmio_address() : PICK(0xfec00000, 0xfee00000) + below(16);
	}
	if (e.len && below(3) == 0) {
		e.flags |= KVM_IOEVENTFD_FLAG_DATAMATCH;
		e.datamatch = below(4);
	}
	if (ioctl(vm->fd, KVM_IOEVENTFD, &e) == 0)
		vm->made[vm->count++] = e;
}

static void change_zone(struct vm *vm)
{
	struct kvm_coalesced_mmio_zone z = { 0 };
	z.pio = below(2);
	z.addr = z.pio ? 0x500 + below(24) : 0xd0000ff0 + below(64);
	z.size = 1 + below(z.pio ? 4 : 16);
	ioctl(vm->fd, below(6) ? KVM_REGISTER_COALESCED_MMIO : KVM_UNREGISTER_COALESCED_MMIO, &z);
}

static void register_all(struct vm *vm)
{
	for (int i = 0; i < registrations; i++)
		change_registration(vm);
}

static void make_irqchip(struct vm *vm)
{
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	struct kvm_pit_config timer = { .flags = below(2) ? KVM_PIT_SPEAKER_DUMMY : 0 };
	if (irqchip == 2) {
		if (ioctl(vm->fd, KVM_ENABLE_CAP, &split))
			perror("KVM_ENABLE_CAP");
	} else if (irqchip) {
		if (ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0) || ioctl(vm->fd, KVM_CREATE_PIT2, &timer))
			perror("KVM_CREATE_IRQCHIP");
	}
}

static void make_vm(struct vm *vm)
{
	struct kvm_userspace_memory_region slot = { .memory_size = MEMORY };
	memset(vm, 0, sizeof *vm);
	pthread_mutex_init(&vm->lock, 0);
	vm->fd = ioctl(kvm, KVM_CREATE_VM, 0);
	for (int i = 0; i < EVENTFDS; i++)
		vm->eventfds[i] = eventfd(0, EFD_NONBLOCK);
	if (irqchip == 3)
		register_all(vm);
	make_irqchip(vm);
	vm->memory = mmap(0, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	slot.userspace_addr = (uintptr_t)vm->memory;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &slot))
		perror("KVM_SET_USER_MEMORY_REGION");
	if (irqchip != 3)
		register_all(vm);
	for (int i = 0; i < zones; i++)
		change_zone(vm);
}

/* ---- guest code ---- */

static __thread uint8_t *p;

static void put(int n, ...)
{
	__builtin_va_list bytes;
	__builtin_va_start(bytes, n);
	while (n--)
		*p++ = __builtin_va_arg(bytes, int);
	__builtin_va_end(bytes);
}

static void put32(int opcode, uint32_t value)
{
	*p++ = opcode;
	memcpy(p, &value, 4);
	p += 4;
}

/* An opcode for a byte, or its sibling for 2 or 4 bytes. */
static void sized(int byte_opcode)
{
	int size = below(3);
	if (size == 1)
		*p++ = 0x66;
	*p++ = size ? byte_opcode + 1 : byte_opcode;
}

static void repeat(int byte_opcode, unsigned count)
{
	put32(0xb9, count); /* mov ecx */
	*p++ = 0xf3;
	if (below(2))
		*p++ = 0x66, *p++ = byte_opcode + 1;
	else
		*p++ = byte_opcode + below(2);
}

static void emit_access(void)
{
	unsigned address = mmio_address(), count = 1 + below(5), at = port();
	put32(0xb8, below(4) ? below(4) : below(0x7fffffff)); /* mov eax */
	put(4, 0x66, 0xba, at & 255, at >> 8); /* mov dx */
	switch (below(18)) {
	case 0: case 1: case 2: sized(0xee); break; /* out */
	case 3: case 4: sized(0xec); break; /* in */
	case 5: put32(0xbe, 0x3000); repeat(0x6e, count); break; /* rep outs */
	case 6: put32(0xbf, 0x4000); repeat(0x6c, count * (below(4) ? 1 : 50)); break; /* rep ins to memory */
	case 7: put32(0xbf, address); repeat(0x6c, count); break; /* rep ins to a device */
	case 8: case 9: { int size = below(3); if (size == 1) *p++ = 0x66; put32(size ? 0xa3 : 0xa2, address); break; } /* store */
	case 10: { int size = below(3); if (size == 1) *p++ = 0x66; put32(size ? 0xa1 : 0xa0, address); break; } /* load */
	case 11: put(2, 0x0f, 0x11); put32(0x05, address); break; /* movups store */
	case 12: put(2, 0x0f, 0x10); put32(0x0d, address); break; /* movups load */
	case 13: /* add, inc, xchg, lock cmpxchg, cmpxchg8b */
		switch (below(5)) {
		case 0: put(1, 0x01); put32(0x05, address); break;
		case 1: put(1, 0xfe); put32(0x05, address); break;
		case 2: put(1, 0x87); put32(0x05, address); break;
		case 3: put(3, 0xf0, 0x0f, 0xb1); put32(0x0d, address); break;
		default: put(2, 0x0f, 0xc7); put32(0x0d, address);
		}
		break;
	case 14: put32(0xbf, address); repeat(0xaa, count); break; /* rep stos */
	case 15: put32(0xbe, mmio_address()); put32(0xbf, address); repeat(0xa4, count); break; /* rep movs */
	case 16: put(2, 0x0f, 0x7f); put32(0x05, address); break; /* movq */
	case 17: /* interrupt controllers */
		address = below(2) ? 0xfec00000 : 0xfee00000 + PICK(0x20, 0x30, 0x80, 0xf0, 0x350, 0x360);
		if (address == 0xfec00000 || below(2))
			put32(0xb8, 0), put32(0xa3, address == 0xfec00000 ? address : 0xfee00080);
		else
			put32(0xa1, address);
	}
}

static void emit_guest(uint8_t *code)
{
	p = code;
	put(1, 0xfc); /* cld */
	for (int i = 0; i < accesses && p < code + CODE_SIZE - 64; i++)
		emit_access();
	put(6, 0x66, 0xba, END_PORT, 0, 0xee, 0xf4); /* out END_PORT; hlt */
}

/* ---- running ---- */

static void set_up(struct vcpu *vcpu, unsigned start)
{
	struct kvm_mp_state runnable = { 0 };
	struct kvm_sregs s;
	struct kvm_regs r = { .rip = start, .rflags = 2, .rsp = 0x8000 };
	ioctl(vcpu->fd, KVM_SET_MP_STATE, &runnable);
	ioctl(vcpu->fd, KVM_GET_SREGS, &s);
	s.cr0 = (s.cr0 | 1) & ~0xcull; /* protected mode, FPU usable */
	s.cr4 |= 0x600; /* SSE */
	s.cs = (struct kvm_segment){ .limit = ~0u, .selector = 8, .type = 11, .present = 1, .db = 1, .s = 1, .g = 1 };
	s.ds = s.cs;
	s.ds.selector = 16;
	s.ds.type = 3;
	s.es = s.fs = s.gs = s.ss = s.ds;
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &s) || ioctl(vcpu->fd, KVM_SET_REGS, &r))
		perror("KVM_SET_SREGS");
}

/* Whether the guest goes on. */
static int answer(struct kvm_run *run)
{
	if (run->exit_reason == KVM_EXIT_IO) {
		uint8_t *data = (uint8_t *)run + run->io.data_offset;
		if (run->io.port == END_PORT)
			return 0;
		if (run->io.direction == KVM_EXIT_IO_IN)
			for (unsigned i = 0; i < run->io.size * run->io.count; i++)
				data[i] = below(4);
		return 1;
	}
	if (run->exit_reason == KVM_EXIT_MMIO) {
		if (!run->mmio.is_write)
			memset(run->mmio.data, below(4), sizeof run->mmio.data);
		return 1;
	}
	fprintf(stderr, "exit %u\n", run->exit_reason);
	return 0;
}

static void *run_vcpu(void *argument)
{
	struct vcpu *vcpu = argument;
	struct vm *vm = vcpu->vm;
	unsigned start = CODE + vcpu->id * CODE_SIZE;
	state = seed * 77 + vcpu->id * 31 + vm->fd;
	if (vcpu->fd < 0)
		vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (long)vcpu->id);
	struct kvm_run *run = mmap(0, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	struct kvm_coalesced_mmio_ring *ring = (void *)((char *)run + 2 * 4096);
	emit_guest(vm->memory + start);
	set_up(vcpu, start);
	for (int exits = 0; exits < 20000; exits++) {
		if (ioctl(vcpu->fd, KVM_RUN, 0) < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			perror("KVM_RUN");
			break;
		}
		pthread_mutex_lock(&vm->lock);
		if (drain == 1 || (drain == 2 && below(10) == 0))
			ring->first = ring->last;
		if (churn && below(churn) == 0)
			below(3) ? change_registration(vm) : change_zone(vm);
		pthread_mutex_unlock(&vm->lock);
		if (!answer(run))
			break;
	}
	return 0;
}

int main(int n, char **argument)
{
	struct vm vms[4];
	struct vcpu vcpus[16];
	pthread_t threads[16];
	int value[10] = { 0 }, count = 0;
	for (int i = 0; i < 10 && i + 1 < n; i++)
		value[i] = atoi(argument[i + 1]);
	seed = state = value[0], irqchip = value[1], drain = value[2], registrations = value[3], zones = value[4];
	accesses = value[5], churn = value[8];
	if (n < 9 || value[6] < 1 || value[6] > 4 || value[7] < 1 || value[7] > 4)
		return fprintf(stderr, "see the head of the source\n"), 2;
	prctl(PR_SET_NAME, "qemu-system-x86");
	kvm = open("/dev/kvm", O_RDWR);
	for (int i = 0; i < value[7]; i++)
		make_vm(&vms[i]);
	for (int i = 0; i < value[7]; i++)
		for (int j = 0; j < value[6]; j++, count++)
			vcpus[count] = (struct vcpu){ &vms[i], j, value[9] ? ioctl(vms[i].fd, KVM_CREATE_VCPU, (long)j) : -1 };
	for (int i = 0; i < count; i++)
		pthread_create(&threads[i], 0, run_vcpu, &vcpus[i]);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], 0);
	return 0;
}
