/**
 * KVM's ioeventfd on the host's real `/dev/kvm`, behind the contract that the model fulfils too.
 *
 * It takes one permission, `--allow-ffi` with the absolute path of the C library. FFI runs native code: whoever has it
 * is out of Deno's sandbox.
 *
 * @example A doorbell that KVM answers with an eventfd
 * ```ts
 * import { LiveBackend } from "@ioeventfd/kvm-live";
 *
 * const backend = new LiveBackend();
 * const kvm = backend.available();
 * if (kvm.ok) {
 *   using system = backend.open();
 *   using vm = system.createVm();
 *   const fd = system.eventfd(0, 0);
 *   vm.assignIoeventfd({ bus: "mmio", addr: 0xfebfb000n, match: { len: 0 }, fd });
 *   console.log(vm.guestWrite("mmio", 0xfebfb000n, 4, 1n)); // kernel
 *   console.log(system.eventfdCount(fd)); // 1n
 * } else {
 *   console.log(kvm.reason);
 * }
 * ```
 *
 * @module
 */
export * from "./dispose_later.ts";
export * from "./guest_program.ts";
export * from "./kvm_unavailable_error.ts";
export * from "./live_backend.ts";
export * from "./live_system.ts";
export * from "./live_vcpu.ts";
export * from "./live_vm.ts";
export * from "./process_footprint.ts";
export type {
  CoalescedMmio,
  CoalescedZone,
  CountedWork,
  DescriptorTable,
  HostMemory,
  IoeventfdBus,
  IoeventfdMatch,
  IoeventfdSpec,
  KvmBackend,
  KvmSystem,
  KvmVcpu,
  KvmVm,
  MemoryRegion,
  OtherFile,
  Regs,
  RunOptions,
  Segment,
  Sregs,
  VcpuExit,
} from "@ioeventfd/uapi";
