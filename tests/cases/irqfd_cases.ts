// KVM_IRQFD: KQ_* of those run in C.
import { assertEquals } from "@std/assert";
import { KVM_IRQFD } from "@ioeventfd/uapi";
import { callCase, type Case, cpuCase } from "./case.ts";
import { PIO } from "./flags.ts";
import { errnoOf, type Rig } from "./rig.ts";

const DEASSIGN = 1, RESAMPLE = 2, POLLOUT = 4;

function withIrqchip(name: string, play: (rig: Rig) => void): Case {
  return callCase(name, (rig) => play(rig.irqchip()));
}

function withPic(name: string, play: (rig: Rig) => void): Case {
  return cpuCase(name, (rig) => play(rig.irqchip()));
}

/** What is pending in the PIC once something is; a live kernel delivers an irqfd's interrupt by a worker. */
function pending(rig: Rig): number {
  for (let tries = 0; tries < 2000; tries++) {
    const irr = rig.irr();
    if (irr !== 0) return irr;
  }
  return 0;
}

/** irqfds. */
export const irqfdCases: readonly Case[] = [
  callCase("KQ_01 KVM_CHECK_EXTENSION answers for irqfd and resampling", (rig) => {
    assertEquals([32, 82].map((cap) => rig.system.checkExtension(cap)), [1, 1]);
  }),

  callCase("KQ_02 without irqchip EINVAL, even with a bad descriptor", (rig) => {
    assertEquals(rig.irqfd(rig.efd(), 4), "EINVAL");
    assertEquals(rig.irqfd(-1, 4), "EINVAL");
    assertEquals(rig.irqfd(rig.efd(), 4, DEASSIGN), 0, "taking away looks for none");
  }),

  withIrqchip("KQ_03 several irqfds, and two eventfds on one interrupt", (rig) => {
    const made = [4, 8, 4].map((gsi) => rig.irqfd(rig.efd(), gsi));
    assertEquals(made, [0, 0, 0]);
  }),

  withIrqchip("KQ_05 KQ_06 one eventfd is bound once, in this VM and in any other", (rig) => {
    const other = rig.another().irqchip(), fd = rig.efd();
    assertEquals(rig.irqfd(fd, 10), 0);
    const again = [rig.irqfd(fd, 10), rig.irqfd(fd, 11), other.irqfd(fd, 10)];
    assertEquals(again, ["EBUSY", "EBUSY", "EBUSY"]);
  }),

  withIrqchip("KQ_07 KQ_09 DEASSIGN of what is not there is 0, as often as asked", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.irqfd(fd, 4, DEASSIGN), 0);
    assertEquals(rig.irqfd(fd, 4), 0);
    assertEquals([rig.irqfd(fd, 4, DEASSIGN), rig.irqfd(fd, 4, DEASSIGN)], [0, 0]);
  }),

  withIrqchip("KQ_08 DEASSIGN with another interrupt number is 0 and takes nothing away", (rig) => {
    const fd = rig.efd();
    rig.irqfd(fd, 10);
    for (const gsi of [11, 12, 13, 14]) assertEquals(rig.irqfd(fd, gsi, DEASSIGN), 0);
    assertEquals(rig.irqfd(fd, 10), "EBUSY");
    assertEquals(rig.irqfd(fd, 10, DEASSIGN), 0);
    assertEquals(rig.irqfd(fd, 10), 0);
  }),

  withIrqchip("KQ_11 each flag bit from 2 on is EINVAL", (rig) => {
    const fd = rig.efd();
    for (let bit = 2; bit < 32; bit++) assertEquals(rig.irqfd(fd, 4, 1 << bit), "EINVAL");
  }),

  withPic("RESAMPLE holds a level line beside the pulses of others, until DEASSIGN", (rig) => {
    rig.out(0x4d0, 1, 1 << 5);
    const [held, resample, pulsed] = [rig.efd(), rig.efd(), rig.efd()];
    assertEquals(rig.irqfd(held, 5, RESAMPLE, resample), 0);
    rig.system.eventfdWrite(held, 1n);
    assertEquals(pending(rig), 1 << 5);
    assertEquals(rig.irqfd(pulsed, 5), 0);
    rig.system.eventfdWrite(pulsed, 1n);
    assertEquals(rig.irqfd(pulsed, 5, DEASSIGN), 0, "waits for the worker");
    assertEquals(rig.irr(), 1 << 5, "the pulse did not lower it");
    assertEquals(rig.irqfd(held, 5, DEASSIGN), 0);
    assertEquals([rig.irr(), rig.count(resample)], [0, 0n]);
  }),

  withPic(
    "RESAMPLE: the end of the interrupt lowers the line, and tells, also where it was not served",
    (rig) => {
      rig.out(0x4d0, 1, 1 << 5);
      const [fd, resample] = [rig.efd(), rig.efd()];
      rig.irqfd(fd, 5, RESAMPLE, resample);
      rig.system.eventfdWrite(fd, 1n);
      assertEquals(pending(rig), 1 << 5);
      rig.out(0x20, 1, 0x65);
      assertEquals([rig.irr(), rig.count(resample)], [0, 1n]);
    },
  ),

  withPic(
    "RESAMPLE: the first word of an initialisation ends what waits, and the line may rise again",
    (rig) => {
      const [fd, resample] = [rig.efd(), rig.efd()];
      rig.irqfd(fd, 5, RESAMPLE, resample);
      rig.system.eventfdWrite(fd, 1n);
      assertEquals(pending(rig), 1 << 5);
      rig.out(0x20, 1, 0x11);
      assertEquals([rig.irr(), rig.count(resample)], [0, 1n]);
      rig.system.eventfdWrite(fd, 1n);
      assertEquals(pending(rig), 1 << 5);
    },
  ),

  withIrqchip("KQ_12 with RESAMPLE, then away again", (rig) => {
    const fd = rig.efd(), resample = rig.efd();
    assertEquals(rig.irqfd(fd, 10, RESAMPLE, resample), 0);
    assertEquals(rig.irqfd(fd, 10, DEASSIGN), 0);
  }),

  withIrqchip("KQ_13 a bad resamplefd is EBADF or EINVAL, and leaves the eventfd free", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.irqfd(fd, 10, RESAMPLE, -1), "EBADF");
    assertEquals(rig.irqfd(fd, 10, RESAMPLE, rig.other("pipe")), "EINVAL");
    assertEquals(rig.irqfd(fd, 10), 0);
  }),

  withIrqchip(
    "KQ_14 after DEASSIGN the eventfd may go to another interrupt, or another VM",
    (rig) => {
      const other = rig.another().irqchip(), fd = rig.efd();
      rig.irqfd(fd, 10);
      rig.irqfd(fd, 10, DEASSIGN);
      assertEquals(rig.irqfd(fd, 11), 0);
      rig.irqfd(fd, 11, DEASSIGN);
      assertEquals(other.irqfd(fd, 10), 0);
    },
  ),

  withPic(
    "KQ_15 a write raises the request bit in the PIC, and KVM takes it from the counter",
    (rig) => {
      const fd = rig.efd();
      rig.irqfd(fd, 4);
      assertEquals(rig.irr(), 0);
      rig.system.eventfdWrite(fd, 1n);
      assertEquals([pending(rig), rig.count(fd)], [0x10, 0n]);
    },
  ),

  withPic("KQ_17 what was pending before is injected at once, and stays in the counter", (rig) => {
    const fd = rig.efd(3);
    assertEquals(rig.irqfd(fd, 4), 0);
    assertEquals([pending(rig), rig.count(fd)], [0x10, 3n]);
  }),

  withIrqchip("KQ_18 interrupt numbers are not checked", (rig) => {
    for (const gsi of [0, 1000, 4096, 0xffffffff]) assertEquals(rig.irqfd(rig.efd(), gsi), 0);
  }),

  withIrqchip("KQ_19 close of the eventfd detaches it", (rig) => {
    const fd = rig.efd();
    rig.irqfd(fd, 4);
    rig.system.close(fd);
    assertEquals(rig.efd(), fd);
    assertEquals(rig.irqfd(fd, 4), 0);
  }),

  callCase("KQ_21 close of the VM frees the eventfd for another", (rig) => {
    const first = rig.another().irqchip(), second = rig.another().irqchip(), fd = rig.efd();
    first.irqfd(fd, 4);
    assertEquals(second.irqfd(fd, 4), "EBUSY");
    first.vm[Symbol.dispose]();
    assertEquals(second.irqfd(fd, 4), 0);
  }),

  withIrqchip("KQ_23 a bad pointer is EFAULT", (rig) => {
    assertEquals(errnoOf(() => rig.vm.ioctl(KVM_IRQFD, 0x10)), "EFAULT");
  }),

  withIrqchip("KQ_16 KQ_24 who polls the eventfd sees nothing: KVM eats the signal", (rig) => {
    const fd = rig.efd();
    rig.irqfd(fd, 4);
    rig.system.eventfdWrite(fd, 1n);
    assertEquals([rig.system.poll(fd), rig.count(fd)], [POLLOUT, 0n]);
  }),

  withIrqchip("KQ_26 of a semaphore one unit is consumed", (rig) => {
    const fd = rig.efd(0, 1);
    rig.irqfd(fd, 4);
    rig.system.eventfdWrite(fd, 3n);
    assertEquals(rig.count(fd), 2n);
  }),

  withIrqchip("KQ_27 after DEASSIGN writes stay in the counter", (rig) => {
    const fd = rig.efd();
    rig.irqfd(fd, 4);
    rig.irqfd(fd, 4, DEASSIGN);
    rig.system.eventfdWrite(fd, 2n);
    assertEquals(rig.count(fd), 2n);
  }),

  withPic("KQ_32 one eventfd as ioeventfd and irqfd: a port write raises the interrupt", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.irqfd(fd, 4), 0);
    assertEquals(rig.io(0x510, 1, PIO, 0, fd), 0);
    assertEquals(rig.out(0x510, 1), false);
    assertEquals([pending(rig), rig.count(fd)], [0x10, 0n]);
  }),

  withIrqchip("flags, then the descriptor, then resamplefd, which may be the same", (rig) => {
    assertEquals(rig.irqfd(-1, 4, 0x10), "EINVAL");
    assertEquals(rig.irqfd(-1, 4, RESAMPLE, -1), "EBADF");
    assertEquals(rig.irqfd(rig.other("pipe"), 4, RESAMPLE, -1), "EINVAL");
    const fd = rig.efd();
    assertEquals(rig.irqfd(fd, 4, RESAMPLE, fd), 0);
    assertEquals(rig.irqfd(rig.efd(), 4), 0, "plain beside resampling");
  }),
];
