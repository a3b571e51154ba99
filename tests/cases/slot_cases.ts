// Doorbells and memory slots.
// KERNEL 6.19 virt/kvm/guest_memfd.c kvm_gmem_bind
// KERNEL 6.19 virt/kvm/kvm_main.c kvm_set_memory_region
import { assertEquals } from "@std/assert";
import { encodeUserspaceMemoryRegion, KVM_SET_USER_MEMORY_REGION2 } from "@ioeventfd/uapi";
import { callCase, type Case } from "./case.ts";
import { errnoOf, type Rig } from "./rig.ts";

const A = 0xd000_0000, PAGE = 0x1000, DIRTY_LOG = 1, READONLY = 2, GUEST_MEMFD = 4;

/** A page of the process's memory, put at A as slot 0. */
function page(rig: Rig, flags = 0): { hva: bigint; bytes: Uint8Array } {
  const { hva, bytes } = rig.system.allocateMemory(PAGE);
  assertEquals(rig.slot(0, A, PAGE, hva, flags), 0);
  return { hva, bytes };
}

/** Memory slots over doorbells. */
export const slotCases: readonly Case[] = [
  callCase("KG_24 under RAM a doorbell is silent and memory changes", (rig) => {
    const { bytes } = page(rig), fd = rig.efd();
    assertEquals(rig.io(A + 0x10, 1, 0, 0, fd), 0);
    assertEquals(rig.store(A + 0x10, 1, 0x5a), false);
    assertEquals([bytes[0x10], rig.count(fd)], [0x5a, 0n]);
  }),

  callCase("a slot that goes lets the doorbell fire, one that comes silences it", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.io(A, 4, 0, 0, fd), 0);
    const { hva, bytes } = page(rig);
    assertEquals([rig.store(A, 4, 1), rig.count(fd), bytes[0]], [false, 0n, 1]);
    assertEquals(rig.slot(0, A, 0, hva), 0);
    assertEquals([rig.store(A, 4, 2), rig.count(fd), bytes[0]], [false, 1n, 1]);
    assertEquals(rig.slot(0, A, PAGE, hva), 0);
    assertEquals([rig.store(A, 4, 3), rig.count(fd), bytes[0]], [false, 1n, 3]);
  }),

  callCase("in a read-only slot a doorbell fires, memory stays, other stores exit", (rig) => {
    const { bytes } = page(rig, READONLY), fd = rig.efd();
    rig.io(A + 8, 4, 0, 0, fd);
    rig.io(A + 0x40, 0, 0, 0, fd);
    const exits = [rig.store(A + 8, 4, 7), rig.store(A + 0x40, 1, 7), rig.store(A + 0x10, 4, 7)];
    assertEquals([...exits, rig.count(fd)], [false, false, true, 2n]);
    assertEquals([bytes[8], bytes[0x10], bytes[0x40]], [0, 0, 0]);
  }),

  callCase("a slot that moves leaves the doorbell where it was", (rig) => {
    const fd = rig.efd();
    rig.io(A, 4, 0, 0, fd);
    rig.io(A + PAGE, 4, 0, 0, fd);
    const { hva } = page(rig);
    assertEquals([rig.store(A, 4), rig.store(A + PAGE, 4), rig.count(fd)], [false, false, 1n]);
    assertEquals(rig.slot(0, A + PAGE, PAGE, hva), 0);
    assertEquals([rig.store(A, 4), rig.store(A + PAGE, 4), rig.count(fd)], [false, false, 2n]);
  }),

  callCase("KVM_SET_USER_MEMORY_REGION: what it refuses, and in which order", (rig) => {
    const { hva } = rig.system.allocateMemory(4 * PAGE);
    assertEquals(rig.slot(1, A, PAGE, hva, 0x80), "EINVAL", "flag");
    assertEquals(rig.slot(1, A, 0x800, hva), "EINVAL", "size");
    assertEquals(rig.slot(1, A + 1, PAGE, hva), "EINVAL", "address");
    assertEquals(rig.slot(1, A, PAGE, hva + 1n), "EINVAL", "backing");
    assertEquals(rig.slot(0x7fff, A, PAGE, hva), "EINVAL", "id");
    assertEquals(rig.slot(1, A, 0, 0n), "EINVAL", "deleting what is not there");
    assertEquals(rig.slot(1, A, 2 * PAGE, hva), 0);
    assertEquals(rig.slot(2, A + PAGE, PAGE, hva), "EEXIST", "overlap");
    assertEquals(rig.slot(1, A, PAGE, hva), "EINVAL", "another size");
    assertEquals(rig.slot(1, A, 2 * PAGE, hva + 0x1000n), "EINVAL", "another backing");
    assertEquals(rig.slot(1, A, 2 * PAGE, hva, READONLY), "EINVAL", "read-only later");
    assertEquals(rig.slot(1, A, 2 * PAGE, hva), 0, "the same again");
    assertEquals(rig.slot(1, A + PAGE, 2 * PAGE, hva), 0, "moved");
    assertEquals(rig.slot(1, A, 0, 0n), 0, "gone");
  }),

  callCase(
    "KVM_SET_USER_MEMORY_REGION2 with KVM_MEM_GUEST_MEMFD: what it refuses, and in which order",
    (rig) => {
      const { hva } = rig.system.allocateMemory(PAGE);
      const file = rig.other("file"), closed = rig.efd();
      rig.system.close(closed);
      const set = (fd: number, flags = 0, gpa = A, size = PAGE, offset = 0n): string | 0 => {
        const bytes = new Uint8Array(160);
        bytes.set(encodeUserspaceMemoryRegion({
          slot: 0,
          flags: GUEST_MEMFD | flags,
          guestPhysAddr: BigInt(gpa),
          memorySize: BigInt(size),
          userspaceAddr: hva,
        }));
        const view = new DataView(bytes.buffer);
        view.setBigUint64(32, offset, true);
        view.setInt32(40, fd, true);
        return errnoOf(() => rig.vm.ioctl(KVM_SET_USER_MEMORY_REGION2, bytes));
      };
      assertEquals([set(closed), set(-1)], ["EBADF", "EBADF"]);
      assertEquals([set(file), set(rig.efd())], ["EINVAL", "EINVAL"]);
      assertEquals([set(closed, READONLY), set(closed, DIRTY_LOG)], ["EINVAL", "EINVAL"]);
      assertEquals([set(closed, 0, A, PAGE, 0x800n), set(closed, 0, A, PAGE, -0x1000n)], [
        "EINVAL",
        "EINVAL",
      ]);
      assertEquals(rig.slot(0, A, PAGE, hva, GUEST_MEMFD), "EINVAL", "not in the shorter struct");
      assertEquals(rig.slot(1, A, PAGE, hva), 0);
      assertEquals(set(closed), "EEXIST");
      assertEquals(rig.slot(0, A + PAGE, PAGE, hva), 0);
      assertEquals([set(closed, 0, A + PAGE), set(closed, 0, A + PAGE, 0)], ["EINVAL", 0]);
    },
  ),
];
