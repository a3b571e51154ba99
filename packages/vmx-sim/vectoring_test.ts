// Quirk misconfig-in-vectoring: an exit that cuts the delivery of an event short.
// KERNEL 6.19 arch/x86/kvm/vmx/vmx.c __vmx_handle_exit, vmx_check_emulate_instruction
// KERNEL 6.19 arch/x86/kvm/x86.c kvm_prepare_event_vectoring_exit
import { assert, assertEquals } from "@std/assert";
import { VMCS_QUALIFICATION } from "./mod.ts";
import { makeGuest, MMIO } from "./testdata/guest.ts";

/** mov [rdi], eax */
const STORE = [0x89, 0x07];
const at = { rdi: BigInt(MMIO + 0x40), rax: 0x1234n };

Deno.test("misconfig-in-vectoring: an exception pushed onto a doorbell page", () => {
  // mov [rdi], eax installs the SPTE; ud2 pushes its frame there
  const code = [...STORE, 0x0f, 0x0b];
  const regs = { ...at, rsp: BigInt(MMIO + 0x800) };
  const vectoring = 0x8000_0306n;
  for (const [kernel, rest] of [["4.4", []], ["5.15", [0n, BigInt(MMIO + 0x7f8), 0n]]] as const) {
    using old = makeGuest({ kernel, code, regs });
    old.doorbell(MMIO + 0x40);
    const exit = old.vcpu.run();
    assert(exit.reason === "internal_error", kernel);
    assertEquals([exit.suberror, ...exit.data], [3, vectoring, 49n, ...rest], kernel);
  }
  using now = makeGuest({ kernel: "6.19", code, regs });
  now.doorbell(MMIO + 0x40);
  assertEquals(now.vcpu.run({ maxInstructions: 100 }).reason, "intr");
});

Deno.test("misconfig-in-vectoring: the event still waits after the exit, and after KVM_SET_REGS", () => {
  const code = [...STORE, 0x0f, 0x0b];
  using guest = makeGuest({ kernel: "5.15", code, regs: { ...at, rsp: BigInt(MMIO + 0x800) } });
  guest.doorbell(MMIO + 0x40);
  for (let i = 0; i < 3; i++) {
    const exit = guest.vcpu.run();
    assert(exit.reason === "internal_error");
    assertEquals([exit.suberror, exit.data[0]], [3, 0x8000_0306n]);
    guest.vcpu.setRegs(guest.vcpu.getRegs());
  }
});

Deno.test("misconfig-in-vectoring: with shadow paging it is an exception in an exception, suberror 2", () => {
  const code = [...STORE, 0x0f, 0x0b];
  const regs = { ...at, rsp: BigInt(MMIO + 0x800) };
  for (
    const [kernel, rest] of [["3.16", []], ["4.4", [0xbn]], ["5.15", [0xbn, 0n]], ["6.19", [
      0xbn,
      0n,
    ]]] as const
  ) {
    using guest = makeGuest({ kernel, code, regs, paging: "shadow" });
    guest.doorbell(MMIO + 0x40, 4);
    const exit = guest.vcpu.run();
    assert(exit.reason === "internal_error", kernel);
    assertEquals([exit.suberror, ...exit.data], [2, 0x8000_0306n, 0x8000_0b0en, ...rest], kernel);
  }
});

Deno.test("misconfig-in-vectoring: at the first touch 6.19 reports suberror 3 with five data", () => {
  using guest = makeGuest({ code: [0x0f, 0x0b], regs: { rsp: BigInt(MMIO + 0x800) } });
  const exit = guest.vcpu.run();
  assert(exit.reason === "internal_error");
  assertEquals([exit.suberror, exit.data.length], [3, 5]);
  assertEquals([exit.data[1], exit.data[3]], [48n, BigInt(MMIO + 0x7f8)]);
  assertEquals(exit.data[2], BigInt(guest.vcpu.vmcs.words[VMCS_QUALIFICATION]!));
});
