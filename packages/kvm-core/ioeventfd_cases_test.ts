// KVM_IOEVENTFD, where only the model can be looked into: what stays of references and bus entries. What a kernel shows
// of it is in tests/cases, for every backend.
import { assertEquals } from "@std/assert";
import { DEASSIGN, PIO, Rig } from "./testdata/helpers.ts";

Deno.test("KI_24 the eventfd works on after the VM is closed", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0x100, 2, PIO, 0, fd);
  rig.vm[Symbol.dispose]();
  rig.kvm.eventfdWrite(fd, 5n);
  assertEquals(rig.kvm.eventfdRead(fd), 5n);
  assertEquals(rig.kvm.files.lookupEventfd(fd).references, 1, "KVM's is dropped");
});

Deno.test("KI_30 length 0 on MMIO goes, comes off and goes again", () => {
  const rig = new Rig();
  const fd = rig.efd();
  for (let round = 0; round < 200; round++) {
    assertEquals(rig.io(0x1000, 0, 0, 0, fd), 0);
    assertEquals([rig.vm.bus(0).deviceCount, rig.vm.bus(3).deviceCount], [1, 1]);
    assertEquals(rig.io(0x1000, 0, DEASSIGN, 0, fd), 0);
    assertEquals([rig.vm.bus(0).deviceCount, rig.vm.bus(3).deviceCount], [0, 0]);
  }
  assertEquals(rig.io(0x1000, 4, 0, 0, fd), 0);
});

Deno.test("KG_07 an IN is answered by no ioeventfd", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0xf4, 0, PIO, 0, fd);
  assertEquals(rig.vm.bus(1).read(0xf4, 0, 1, new Uint8Array(8)), -95);
  assertEquals(rig.count(fd), 0n);
});
