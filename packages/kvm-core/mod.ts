/**
 * What `virt/kvm` does: system, VM, memory slots, I/O buses, the ioeventfd registry and coalesced zones, by kernel
 * release.
 *
 * @module
 */
// What the interfaces here are made of.
export type {
  CounterCell,
  DescriptorTable,
  EventfdContext,
  EventfdWaiters,
  FileStat,
  FileTable,
  OpenFile,
  ReadOptions,
  RefusedCall,
  refusedCalls,
  UnmappedBuffer,
  UserBuffer,
  WaitEntry,
  Waiter,
  WaiterOptions,
  WaiterPlace,
  WaitOptions,
  WaitQueue,
} from "@ioeventfd/eventfd";
export type {
  BusRules,
  CoalescedMmio,
  CoalescedZone,
  CountedWork,
  DescriptorTable as SegmentTable,
  EventfdRules,
  HostMemory,
  Ioeventfd as KvmIoeventfd,
  IoeventfdBus,
  IoeventfdMatch,
  IoeventfdRules,
  IoeventfdSpec,
  Irqfd,
  IrqfdRules,
  KernelRelease,
  KvmBackend,
  KvmErrorReason,
  KvmSystem,
  KvmVcpu,
  KvmVm,
  MemoryRegion,
  MemslotRules,
  OtherFile,
  RegistrationView,
  Regs,
  RunOptions,
  Segment,
  Sregs,
  TraceRules,
  VcpuExit,
  VmRules,
  X86Rules,
} from "@ioeventfd/uapi";
export * from "./allocation_faults.ts";
export * from "./coalesced_ring.ts";
export * from "./collides.ts";
export * from "./compare_ranges.ts";
export * from "./core_backend.ts";
export * from "./exact_key.ts";
export * from "./explain_write.ts";
export * from "./io_bus.ts";
export * from "./io_device.ts";
export * from "./ioapic.ts";
export * from "./ioeventfd.ts";
export * from "./irqchip.ts";
export * from "./kernel_report.ts";
export * from "./kvm.ts";
export * from "./matches.ts";
export * from "./memslots.ts";
export * from "./pic.ts";
export * from "./reference_bus.ts";
export * from "./vcpu_file.ts";
export * from "./vm.ts";
export * from "./vm_descriptor.ts";
