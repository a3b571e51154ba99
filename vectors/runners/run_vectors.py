#!/usr/bin/env python3
"""Runs conformance vectors of KVM's ioeventfd on this host's /dev/kvm.

    python3 vectors/runners/run_vectors.py vectors/live/*.jsonl

Reads the format of vectors/README.md and nothing else of the project; needs Python 3.8 or later and no package. Kinds
register, collide, bus and guest are run; history is skipped. The last line is the count; the exit code is 1 when a
vector fails, 4 when /dev/kvm cannot be used. A guest that does not come back is stopped after VECTOR_SECONDS, 10 unless
set, and its end is "intr".
"""
import ctypes, errno, fcntl, json, mmap, os, signal, socket, struct, sys, tempfile

API_VERSION, CREATE_VM, MMAP_SIZE, CREATE_VCPU, RUN = 0xAE00, 0xAE01, 0xAE04, 0xAE41, 0xAE80
SET_MEMORY, IOEVENTFD = 0x4020AE46, 0x4040AE79
GET_SREGS, SET_SREGS, GET_REGS, SET_REGS = 0x8138AE83, 0x4138AE84, 0x8090AE81, 0x4090AE82
GET_SUPPORTED_CPUID, SET_CPUID2 = 0xC008AE05, 0x4008AE90
EXIT_IO, EXIT_HLT, EXIT_MMIO, EXIT_INTR = 2, 5, 6, 10
ENDS = {8: "shutdown", 9: "fail_entry", EXIT_INTR: "intr", 17: "internal_error"}
LIMIT, MOST_EXITS = float(os.environ.get("VECTOR_SECONDS", "10")), 100_000
DEASSIGN = 4
REGS = "rax rbx rcx rdx rsi rdi rsp rbp r8 r9 r10 r11 r12 r13 r14 r15 rip rflags".split()
HLT, PAGE_2M, TABLE, LARGE = 0xF4, 1 << 21, 3, 0x83
ANSWER = struct.pack("<Q", 0x1122334455667788)

libc = ctypes.CDLL(None, use_errno=True)


def eventfd(flags=os.O_NONBLOCK):
    return libc.eventfd(0, flags)


def counter(fd):
    """The counter, which it takes."""
    try:
        return struct.unpack("<Q", os.read(fd, 8))[0]
    except BlockingIOError:
        return 0


def number(text):
    return text if isinstance(text, int) else int(text, 16)


def outcome(call):
    """None for success, or the name of the errno."""
    try:
        call()
        return None
    except OSError as error:
        return errno.errorcode[error.errno]


class Vm:
    """A VM, with one vCPU when it runs something."""

    def __init__(self, kvm):
        self.kvm, self.vcpu, self.fds, self.maps = kvm, None, [], []
        self.vm = fcntl.ioctl(kvm, CREATE_VM, 0)
        self.fds.append(self.vm)

    def close(self):
        for fd in reversed(self.fds):
            outcome(lambda: os.close(fd))
        self.maps.clear()

    def own(self, *fds):
        self.fds.extend(fd for fd in fds if fd >= 0)
        return fds[0]

    def ioeventfd(self, op, fd, more=0):
        """KVM_IOEVENTFD with addr, len, flags and datamatch as a vector has them."""
        flags = op["flags"] | more
        arg = struct.pack(
            "<QQIiI36x", number(op["datamatch"]), number(op["addr"]), op["len"], fd, flags
        )
        return outcome(lambda: fcntl.ioctl(self.vm, IOEVENTFD, arg))

    def memory(self, gpa, size):
        """RAM of the guest."""
        ram = mmap.mmap(-1, size)
        self.maps.append(ram)
        hva = ctypes.addressof(ctypes.c_char.from_buffer(ram))
        fcntl.ioctl(self.vm, SET_MEMORY, struct.pack("<IIQQQ", 0, 0, gpa, size, hva))
        return ram

    def boot(self, rip, rsp, segments, tables, control):
        """The vCPU: segments by name, gdt and idt as (base, limit), control registers by name."""
        self.vcpu = self.own(fcntl.ioctl(self.vm, CREATE_VCPU, 0))
        cpuid = bytearray(8 + 40 * 256)
        struct.pack_into("<I", cpuid, 0, 256)
        fcntl.ioctl(self.kvm, GET_SUPPORTED_CPUID, cpuid)
        fcntl.ioctl(self.vcpu, SET_CPUID2, cpuid)
        self.run = mmap.mmap(self.vcpu, fcntl.ioctl(self.kvm, MMAP_SIZE, 0))
        self.maps.append(self.run)
        sregs = bytearray(312)
        fcntl.ioctl(self.vcpu, GET_SREGS, sregs)
        for i, name in enumerate("cs ds es fs gs ss tr ldt".split()):
            if name in segments:
                sregs[i * 24 : i * 24 + 24] = segments[name]
        for i, (base, limit) in enumerate(tables):
            if limit:
                struct.pack_into("<QH", sregs, 192 + i * 16, base, limit)
        for i, name in enumerate("cr0 cr2 cr3 cr4 cr8 efer".split()):
            if name in control:
                struct.pack_into("<Q", sregs, 224 + i * 8, control[name])
        self.sregs = bytes(sregs)
        self.flush()
        self.set_regs(rip=rip, rsp=rsp)

    def flush(self):
        fcntl.ioctl(self.vcpu, SET_SREGS, self.sregs)

    def set_regs(self, **regs):
        values = [regs.get(name, 2 if name == "rflags" else 0) for name in REGS]
        fcntl.ioctl(self.vcpu, SET_REGS, struct.pack("<18Q", *values))

    def regs(self):
        return dict(zip(REGS, struct.unpack("<18Q", fcntl.ioctl(self.vcpu, GET_REGS, bytes(144)))))

    def step(self):
        """KVM_RUN up to the next exit: its reason."""
        signal.setitimer(signal.ITIMER_REAL, LIMIT)
        try:
            fcntl.ioctl(self.vcpu, RUN, 0)
        except TimeoutError:
            return EXIT_INTR
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return struct.unpack_from("<I", self.run, 8)[0]


def segment(kind, base=0, limit=0xFFFF, selector=0, db=0, s=1, l=0, g=0):
    return struct.pack("<QIH10B", base, limit, selector, kind, 1, 0, db, s, l, g, 0, 0, 0)


def page_tables(ram, at, gpa):
    """The first 4 GiB one to one, tables at offset `at` of RAM that begins at `gpa`."""
    struct.pack_into("<Q", ram, at, gpa + at + 0x1000 | TABLE)
    for gib in range(4):
        struct.pack_into("<Q", ram, at + 0x1000 + gib * 8, gpa + at + 0x2000 + gib * 0x1000 | TABLE)
    entries = [i * PAGE_2M | LARGE for i in range(4 * 512)]
    struct.pack_into("<2048Q", ram, at + 0x2000, *entries)


def long_mode(cr3):
    data = segment(3, limit=0xFFFFFFFF, selector=0x10, db=1, g=1)
    segments = {name: data for name in "ds es fs gs ss".split()}
    segments["cs"] = segment(11, limit=0xFFFFFFFF, selector=8, l=1, g=1)
    return segments, {"cr0": 0x80050033, "cr3": cr3, "cr4": 0x620, "efer": 0x500}


# kinds register and collide ---------------------------------------------------------------------------------------

def descriptor(vm, name):
    """What a vector calls a descriptor."""
    odd = {"minus1": -1, "int_max": 0x7FFFFFFF, "int_min": -0x80000000}
    if name in odd:
        return odd[name]
    if name == "semaphore":
        return vm.own(eventfd(1))
    if name == "dup_eventfd":
        return vm.own(os.dup(vm.own(eventfd())))
    if name == "closed":
        fd = os.dup(vm.vm)
        os.close(fd)
        return fd
    if name in ("pipe", "pipe_r", "pipe_w"):
        ends = os.pipe()
        vm.own(*ends)
        return ends[name == "pipe_w"]
    if name == "file":
        fd, path = tempfile.mkstemp()
        os.unlink(path)
        return vm.own(fd)
    makers = {
        "eventfd": lambda: eventfd(),
        "socket": lambda: socket.socket(socket.AF_UNIX).detach(),
        "timerfd": lambda: libc.timerfd_create(1, 0),
        "epoll": lambda: libc.epoll_create1(0),
        "o_path": lambda: os.open("/", os.O_PATH),
        "dev_kvm": lambda: os.dup(vm.kvm),
        "vm_fd": lambda: os.dup(vm.vm),
    }
    return vm.own(makers[name]())


def run_register(vm, vector):
    fd = descriptor(vm, vector["op"]["fd"])
    return [("errno", vector["errno"], vm.ioeventfd(vector["op"], fd))]


def run_collide(vm, vector):
    fd = vm.own(eventfd())
    other = fd if vector["second"]["fd"] == "same" else vm.own(eventfd())
    first = vm.ioeventfd(vector["first"], fd)
    second = vm.ioeventfd(vector["second"], other)
    return [("errno of the first", None, first), ("errno", vector["errno"], second)]


# kind bus: a 64-bit guest out of the way, which does one store or OUT when it is told -------------------------------

HOME, SPARE = 0xF0000000, 0x6000
STORES = {1: b"\x88\x07", 2: b"\x66\x89\x07", 4: b"\x89\x07", 8: b"\x48\x89\x07"}
OUTS = {1: b"\xee", 2: b"\x66\xef", 4: b"\xef"}


class Writer:
    def __init__(self, vm):
        self.vm = vm
        self.ram = vm.memory(HOME, 0x10000)
        page_tables(self.ram, 0, HOME)
        # The fifth GiB of the guest's addresses is a window to what lies above 4 GiB.
        struct.pack_into("<Q", self.ram, 0x1000 + 4 * 8, HOME + SPARE | TABLE)
        for start, codes in ((0x8000, STORES), (0x8100, OUTS)):
            for length, code in codes.items():
                at = start + 16 * length
                self.ram[at : at + len(code) + 1] = code + bytes([HLT])
        segments, control = long_mode(HOME)
        vm.boot(HOME + 0x8000, 0, segments, ((0, 0), (0, 0)), control)

    def write(self, bus, addr, length, value):
        """True when it exits to userspace."""
        rip = HOME + (0x8000 if bus == "mmio" else 0x8100) + 16 * length
        address = self.linear(addr) if bus == "mmio" else addr
        self.vm.set_regs(rip=rip, rax=value, rdi=address, rdx=address)
        exited = False
        while True:
            reason = self.vm.step()
            if reason == EXIT_HLT:
                return exited
            if reason not in (EXIT_IO, EXIT_MMIO):
                raise RuntimeError(f"the writing guest ended with exit {reason}")
            exited = True

    def linear(self, addr):
        if addr < 1 << 32:
            return addr
        frame = addr & ~(PAGE_2M - 1)
        struct.pack_into("<QQ", self.ram, SPARE, frame | LARGE, frame + PAGE_2M | LARGE)
        self.vm.flush()
        return (1 << 32) + addr - frame


def run_bus(vm, vector):
    writer, made, found = Writer(vm), {}, []
    for i, op in enumerate(vector["ops"]):
        if op["op"] == "assign":
            made[op["fd"]] = (vm.own(eventfd()), op)
            got = vm.ioeventfd(op, made[op["fd"]][0])
        else:
            fd, registration = made[op["fd"]]
            got = vm.ioeventfd(registration, fd, DEASSIGN)
        found.append((f"errno of op {i}", op["errno"], got))
    exits = [
        {"addr": w["addr"], "len": w["len"]}
        for w in vector["writes"]
        if writer.write(vector["bus"], number(w["addr"]), w["len"], number(w["value"]))
    ]
    found.append(("userspace", vector["userspace"], exits))
    for i, want in enumerate(vector["counters"]):
        found.append((f"counter {i}", number(want), counter(made[i][0])))
    return found


# kind guest: the machine that vectors/README.md describes -----------------------------------------------------------

def boot_guest(vm, vector):
    ram = vm.memory(0, 2 << 20)
    long = vector["mode"] == "long0"
    ram[0x5000:0x5100] = bytes([HLT]) * 0x100
    for i in range(256):
        if long:
            struct.pack_into("<HHHHII", ram, 0x8000 + i * 16, 0x5000 + i, 8, 0x8E00, 0, 0, 0)
        else:
            struct.pack_into("<I", ram, i * 4, 0x5000 + i)
    code, scratch = bytes.fromhex(vector["code"]), bytes.fromhex(vector["scratch"])
    ram[0x1000 : 0x1000 + len(code)] = code
    ram[0xA000 : 0xA000 + len(scratch)] = scratch
    if long:
        page_tables(ram, 0x20000, 0)
        gdt = (0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF, 0x00008B0060000067, 0)
        struct.pack_into("<5Q", ram, 0x7000, *gdt)
        segments, control = long_mode(0x20000)
        segments["tr"] = segment(11, base=0x6000, limit=0x67, selector=0x18, s=0)
        tables = ((0x7000, 39), (0x8000, 4095))
    else:
        segments = {name: segment(3) for name in "es fs gs ss".split()}
        segments["cs"], segments["ds"] = segment(11), segment(3, base=0xD0000000)
        if vector["esIsMmio"]:
            segments["es"] = segments["ds"]
        control = {"cr0": 0x60000010, "cr4": 0x600, "efer": 0}
        tables = ((0, 0), (0, 0x3FF))
    vm.boot(0x1000, 0xBF00, segments, tables, control)


def guest_exit(vm, operand):
    """An exit as a vector has it; a read is answered."""
    if struct.unpack_from("<I", vm.run, 8)[0] == EXIT_MMIO:
        addr, data, length, write = struct.unpack_from("<Q8sIB", vm.run, 32)
        told = {"reason": "mmio", "addr": hex(addr), "len": length, "write": bool(write)}
        if write:
            return {**told, "data": data[:length].hex()}
        vm.run[40 : 40 + length] = bytes(ANSWER[(addr - operand + i) % 8] for i in range(length))
        return told
    write, size, port, count, at = struct.unpack_from("<BBHIQ", vm.run, 32)
    told = {"reason": "io", "port": hex(port), "size": size, "count": count, "write": bool(write)}
    if write:
        return {**told, "data": vm.run[at : at + size * count].hex()}
    vm.run[at : at + size * count] = ANSWER[:size] * count
    return told


def run_guest(vm, vector):
    boot_guest(vm, vector)
    fds, found = [], []
    for i, op in enumerate(vector["registrations"]):
        fds.append(vm.own(eventfd()))
        found.append((f"errno of registration {i}", op["errno"], vm.ioeventfd(op, fds[i])))
    exits, end = [], "hlt"
    while True:
        reason = vm.step() if len(exits) < MOST_EXITS else EXIT_INTR
        if reason == EXIT_HLT:
            break
        if reason not in (EXIT_IO, EXIT_MMIO):
            end = ENDS.get(reason, str(reason))
            exits.append({"reason": end})
            break
        exits.append(guest_exit(vm, 0xD0000000 + number(vector["mmioOffset"])))
    regs = vm.regs()
    regs["rflags"] &= ~0x10
    handler = regs["rip"] - 0x5001
    fault = handler if end == "hlt" and 0 <= handler < 256 else None
    found += [("exits", vector["exits"], exits), ("end", vector["end"], end)]
    found.append(("fault", vector["fault"], fault))
    for name, want in vector.get("regs", {}).items():
        found.append((name, number(want), regs[name]))
    for i, want in enumerate(vector["counters"]):
        found.append((f"counter {i}", number(want), counter(fds[i])))
    return found


def stop(_number, _frame):
    raise TimeoutError


RUNNERS = {"register": run_register, "collide": run_collide, "bus": run_bus, "guest": run_guest}


def main(paths):
    try:
        kvm = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(kvm, API_VERSION, 0)
        Vm(kvm).close()
    except OSError as error:
        print(f"No vector was run: /dev/kvm: {error.strerror}", file=sys.stderr)
        return 4
    signal.signal(signal.SIGALRM, stop)
    passed = failed = skipped = 0
    # A VM is closed only when the grace period of its last registration is over: 32 wait for it together.
    waiting = []
    for path in paths:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                vector = json.loads(line)
                runner = RUNNERS.get(vector["kind"])
                if runner is None:
                    skipped += 1
                    continue
                vm = Vm(kvm)
                wrong = [one for one in runner(vm, vector) if one[1] != one[2]]
                passed, failed = passed + (not wrong), failed + bool(wrong)
                for what, want, got in wrong:
                    print(f"{vector['id']}: {what}: expected {want!s:.2000}, got {got!s:.2000}")
                waiting.append(vm)
                if len(waiting) > 32:
                    waiting.pop(0).close()
    for vm in waiting:
        vm.close()
    os.close(kvm)
    more = f", {skipped} skipped: kind history" if skipped else ""
    print(f"{passed} passed, {failed} failed{more}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1:]))
