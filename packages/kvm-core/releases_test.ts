// What differs between releases, each difference seen through a VM.
import { assertEquals } from "@std/assert";
import {
  kernelReleases,
  KVM_CHECK_EXTENSION,
  KVM_ENABLE_CAP,
  KVM_SET_GSI_ROUTING,
  KVM_SET_USER_MEMORY_REGION2,
} from "@ioeventfd/uapi";
import { CCW, DM, errnoOf, PIO, Rig } from "./testdata/helpers.ts";

/** One answer for each release, oldest first: 3.14, seed, 3.16, 4.4, 5.15, 6.19. */
function row(of: (rig: Rig) => unknown): unknown[] {
  return kernelReleases.map((release) => of(new Rig(release)));
}

Deno.test("Vm accepts length 0 on MMIO since the seed, on PIO since 4.4", () => {
  const no = "EINVAL";
  assertEquals(row((rig) => rig.io(0x1000, 0, 0, 0, rig.efd())), [no, 0, 0, 0, 0, 0]);
  assertEquals(row((rig) => rig.io(0x1000, 0, CCW, 0, rig.efd())), [no, 0, 0, 0, 0, 0]);
  assertEquals(row((rig) => rig.io(0x1000, 0, PIO, 0, rig.efd())), [no, no, no, 0, 0, 0]);
  assertEquals(row((rig) => rig.io(0x1000, 0, DM, 0, rig.efd())), [no, no, no, no, no, no]);
});

Deno.test("Vm accepts flag 0x10 since 3.16, and heeds it nowhere", () => {
  assertEquals(row((rig) => rig.io(0x1000, 4, 0x10, 0, rig.efd())), [
    "EINVAL",
    "EINVAL",
    0,
    0,
    0,
    0,
  ]);
  assertEquals(row((rig) => rig.io(0x1000, 4, 0x20, 0, rig.efd())), Array(6).fill("EINVAL"));
  const rig = new Rig();
  const fd = rig.efd();
  assertEquals(rig.io(0x1000, 4, 0x10, 0, fd), 0);
  assertEquals(rig.io(0x1000, 4, 0, 0, fd), "EEXIST");
  assertEquals(rig.store(0x1000, 4), false);
  assertEquals(rig.io(0x1000, 4, 4, 0, fd), 0);
});

Deno.test("Vm puts a zero-length MMIO registration on the fast bus since 3.16", () => {
  const fast = row((rig) => {
    if (rig.io(0x1000, 0, 0, 0, rig.efd()) !== 0) return null;
    return rig.vm.bus(3).entries().map(({ len, device }) => [len, device.label]);
  });
  const twin = [[0, "fast twin of ioeventfd 0"]];
  assertEquals(fast, [null, [], [[0, "ioeventfd 0"]], twin, twin, twin]);
});

Deno.test("Vm puts a zero-length CCW registration on the fast bus in 3.16 alone", () => {
  const fast = row((rig) => {
    rig.io(0x1000, 0, CCW, 0, rig.efd());
    return rig.vm.bus(3).deviceCount;
  });
  assertEquals(fast, [0, 0, 1, 0, 0, 0]);
});

Deno.test("Vm takes one reference on the eventfd for a zero length in 3.16, two since 4.4", () => {
  const references = row((rig) => {
    const fd = rig.efd();
    rig.io(0x1000, 0, 0, 0, fd);
    return rig.kvm.files.lookupEventfd(fd).references;
  });
  assertEquals(references, [1, 2, 2, 3, 3, 3]);
});

Deno.test("Vm refuses the 1,001st fast doorbell in 3.16, where they count as devices", () => {
  const made = row((rig) => {
    const fd = rig.efd();
    for (let at = 0; at < 1002; at++) {
      const errno = rig.io(0x1000 + at * 8, 0, 0, 0, fd);
      if (errno !== 0) return [at, errno, rig.vm.bus(0).deviceCount];
    }
    return 1002;
  });
  assertEquals(made, [
    [0, "EINVAL", 0],
    1002,
    [1000, "ENOSPC", 1000],
    1002,
    1002,
    1002,
  ], "and what was on the MMIO bus already is taken back");
});

Deno.test("A zero-length doorbell is found on the ordinary bus since 4.4", () => {
  const exits = row((rig) => {
    rig.io(0x1000, 0, 0, 0, rig.efd());
    return [1, 2, 4, 8].map((len) => rig.store(0x1000, len));
  });
  const out = Array(4).fill(true), taken = Array(4).fill(false);
  assertEquals(exits, [out, out, out, taken, taken, taken]);
});

Deno.test("Coalesced zones are on the PIO bus since 5.15; before, `pio` is padding", () => {
  const answers = row((rig) => [rig.zone(0x3f8, 8, 1), rig.out(0x3f8, 1), rig.store(0x3f8, 1)]);
  const mmio = [0, true, false], pio = [0, false, true];
  assertEquals(answers, [mmio, mmio, mmio, mmio, pio, pio]);
  assertEquals(row((rig) => rig.zone(0x3f8, 8, 2)), [0, 0, 0, 0, "EINVAL", "EINVAL"]);
});

Deno.test("A coalesced ring that starts at 0 counts as full half-way up to 5.15", () => {
  const fits = row((rig) => {
    rig.zone(0x1000, 0x1000);
    for (let at = 0;; at++) if (rig.store(0x1000, 4, at)) return at;
  });
  assertEquals(fits, [85, 85, 85, 85, 85, 169]);
});

Deno.test("A coalesced ring whose `last` userspace set too high refuses since 5.15", () => {
  const exits = row((rig) => {
    rig.zone(0x1000, 0x1000);
    rig.vm.ring.last = 5000;
    return rig.store(0x1000, 4);
  });
  assertEquals(exits, [false, false, false, false, true, true]);
});

Deno.test("irqfd without irqchip is EINVAL since 5.15", () => {
  assertEquals(row((rig) => rig.irqfd(rig.efd(), 4)), [0, 0, 0, 0, "EINVAL", "EINVAL"]);
});

Deno.test("A PIT without PIC is ENOENT after 5.15, and on a full bus ENOMEM everywhere", () => {
  assertEquals(
    row((rig) => errnoOf(() => rig.vm.createPit2(false))),
    [0, 0, 0, 0, 0, "ENOENT"],
  );
  const full = (rig: Rig) => {
    rig.vm.createIrqchip();
    for (let at = rig.vm.bus(1).deviceCount; at < 1000; at++) {
      rig.vm.bus(1).register(0x8000 + at, 0, 1, { write: () => 0 });
    }
    return errnoOf(() => rig.vm.createPit2(false));
  };
  assertEquals(row(full), Array(6).fill("ENOMEM"));
});

Deno.test("KVM_CREATE_IRQCHIP after a split irqchip makes the PIC in 4.4, and is EEXIST since 5.15", () => {
  const answers = ["4.4", "5.15", "6.19"].map((name) => {
    const rig = new Rig(name);
    rig.vm.enableSplitIrqchip();
    const made = errnoOf(() => rig.vm.createIrqchip());
    const again = errnoOf(() => rig.vm.createIrqchip());
    return [made, again, rig.vm.irqchipMode, rig.vm.bus(1).deviceCount];
  });
  assertEquals(answers, [
    [0, "EEXIST", "split", 3],
    ["EEXIST", "EEXIST", "split", 0],
    ["EEXIST", "EEXIST", "split", 0],
  ]);
});

Deno.test("KVM_SET_GSI_ROUTING without irqchip is EINVAL since 5.15; before, as many as there may be are too many", () => {
  const ask = (routes: number) => (rig: Rig) => {
    const bytes = new Uint8Array(8 + routes * 48);
    new DataView(bytes.buffer).setUint32(0, routes, true);
    return errnoOf(() => rig.vm.ioctl(KVM_SET_GSI_ROUTING, bytes));
  };
  assertEquals(row(ask(0)), ["ENOMEM", "ENOMEM", "ENOMEM", "ENOMEM", "EINVAL", "EINVAL"]);
  assertEquals(row(ask(1023)), [0, 0, 0, 0, "EINVAL", "EINVAL"]);
  const most = (rig: Rig) => {
    rig.vm.createIrqchip();
    return ask(rig.vm.release.capabilities[25]!)(rig);
  };
  assertEquals(row(most), ["EINVAL", "EINVAL", "EINVAL", "EINVAL", 0, 0]);
});

Deno.test("irqfd drains the counter since 5.15", () => {
  const counters = row((rig) => {
    rig.vm.createIrqchip();
    const fd = rig.efd();
    rig.irqfd(fd, 4);
    rig.kvm.eventfdWrite(fd, 2n);
    return [rig.count(fd), rig.vm.irqchip!.pic.irr];
  });
  assertEquals(counters, [[2n, 16], [2n, 16], [2n, 16], [2n, 16], [0n, 16], [0n, 16]]);
});

Deno.test("An eventfd may be the irqfd of two VMs up to 5.15", () => {
  const answers = row((rig) => {
    const other = rig.another();
    for (const { vm } of [rig, other]) vm.createIrqchip();
    const fd = rig.efd();
    return [rig.irqfd(fd, 4), rig.irqfd(fd, 5), other.irqfd(fd, 4)];
  });
  const within = [0, "EBUSY", 0];
  assertEquals(answers, [within, within, within, within, within, [0, "EBUSY", "EBUSY"]]);
});

Deno.test("A VM marked dead answers every ioctl with EIO since 5.15", () => {
  assertEquals(
    row((rig) => {
      rig.vm.markDead();
      return rig.io(0x1000, 4, 0, 0, rig.efd());
    }),
    [0, 0, 0, 0, "EIO", "EIO"],
  );
});

Deno.test("KVM_SET_USER_MEMORY_REGION2 is in 6.19, KVM_ENABLE_CAP and KVM_CHECK_EXTENSION on a VM since 4.4", () => {
  const no = "ENOTTY";
  const ask = (request: number, arg: Uint8Array | number) => (rig: Rig) =>
    errnoOf(() => rig.vm.ioctl(request, arg));
  assertEquals(row(ask(KVM_SET_USER_MEMORY_REGION2, new Uint8Array(160))), [
    no,
    no,
    no,
    no,
    no,
    "EINVAL",
  ]);
  assertEquals(row(ask(KVM_ENABLE_CAP, new Uint8Array(104))), [
    no,
    no,
    no,
    "EINVAL",
    "EINVAL",
    "EINVAL",
  ]);
  assertEquals(row(ask(KVM_CHECK_EXTENSION, 122)), [no, no, no, 0, 0, 0]);
});

Deno.test("Port 0x80 does not exit up to 4.4, so a doorbell there is silent", () => {
  const answers = row((rig) => {
    const fd = rig.efd();
    rig.io(0x80, 1, PIO, 0, fd);
    rig.io(0x84, 1, PIO, 0, fd);
    return [rig.out(0x80, 1), rig.out(0x84, 1), rig.count(fd)];
  });
  const silent = [false, false, 1n], heard = [false, false, 2n];
  assertEquals(answers, [silent, silent, silent, silent, heard, heard]);
});

Deno.test("The generation of memory slots moves by release", () => {
  const generations = row((rig) => {
    const { hva } = rig.kvm.allocateMemory(0x1000);
    const seen = [rig.vm.slots.generation];
    const region = { slot: 0, gpa: 0n, size: 0x1000n, hva };
    rig.vm.setMemoryRegion(region);
    seen.push(rig.vm.slots.generation);
    rig.vm.setMemoryRegion({ ...region, flags: 1 });
    seen.push(rig.vm.slots.generation);
    rig.vm.setMemoryRegion({ ...region, gpa: 0x1000n, flags: 1 });
    seen.push(rig.vm.slots.generation);
    rig.vm.setMemoryRegion({ ...region, size: 0n });
    seen.push(rig.vm.slots.generation);
    return seen;
  });
  const old = [0, 1, 2, 4, 6], now = [0, 2, 4, 8, 12];
  assertEquals(generations, [old, old, old, [-150, -148, -146, -142, -138], now, now]);
});

Deno.test("Slot ids end at 125, 509 and 32,764", () => {
  const ends = row((rig) => {
    const { hva } = rig.kvm.allocateMemory(0x1000);
    const set = (slot: number) =>
      errnoOf(() => rig.vm.setMemoryRegion({ slot, gpa: 0n, size: 0x1000n, hva }));
    const end = rig.vm.release.memslots.userSlots;
    return [end, set(end), set(end - 1)];
  });
  const bad = "EINVAL";
  assertEquals(ends, [
    [125, bad, 0],
    [125, bad, 0],
    [125, bad, 0],
    [509, bad, 0],
    [32764, bad, 0],
    [32764, bad, 0],
  ]);
});
