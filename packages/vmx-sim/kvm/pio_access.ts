/**
 * Port accesses: the PIO bus, KVM_EXIT_IO with its data in the second page of the vCPU mapping, and the way back.
 *
 * @module
 */
import * as uapi from "@ioeventfd/uapi";
import { kvmPioText } from "../trace/tracepoint_text.ts";
import * as counters from "../work/work_counters.ts";
import * as runFields from "./_kvm_run_fields.ts";
import { busRead } from "./bus_dispatch.ts";
import * as busDispatch from "./bus_dispatch.ts";
import type { VcpuContext } from "./vcpu_context.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { KVM_EXIT_IO } = uapi;
const { P_PIO_KERNEL, P_PIO_USER, W_USER_IO } = counters;
const { busWrite } = busDispatch;
const {
  RUN_EXIT_REASON,
  RUN_IO_COUNT,
  RUN_IO_DATA_OFFSET,
  RUN_IO_DIRECTION,
  RUN_IO_PORT,
  RUN_IO_SIZE,
} = runFields;

/** Where the data of a KVM_EXIT_IO lies in the mapping. */
const dataOffset = 4096;

/** Port accesses of one vCPU. */
export class PioAccess {
  /** Elements waiting for userspace, or answered and not yet taken; 0 when idle. */
  count = 0;
  /** The waiting access is an IN. */
  isIn = false;
  /** Bytes of an element. */
  size = 0;
  /** Port. */
  port = 0;
  readonly #vcpu: VcpuContext;
  readonly #chunk = new Uint8Array(8);

  /**
   * The port accesses of one vCPU.
   *
   * @param vcpu The vCPU it serves
   */
  constructor(vcpu: VcpuContext) {
    this.#vcpu = vcpu;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c emulator_pio_out
  /** One element out: true when the kernel took it, else KVM_EXIT_IO is prepared. */
  out(port: number, size: number, value: number): boolean {
    const { vm, work } = this.#vcpu;
    const cut = size === 4 ? value : size === 2 ? value & 0xffff : value & 0xff;
    if (this.#vcpu.isTracing) {
      this.#vcpu.trace("kvm_pio", kvmPioText("write", port, size, 1, cut));
    }
    if (busWrite(vm.pioBus, work, port, 0, size, cut, 0) === 0) {
      work.path = P_PIO_KERNEL;
      return true;
    }
    this.#begin(port, size, 1, false);
    this.#vcpu.runView.setInt32(dataOffset, cut, true);
    return false;
  }

  // KERNEL 4.4 arch/x86/kvm/x86.c emulator_pio_in_emulated; 5.15 __emulator_pio_in; 6.19 emulator_pio_in
  /**
   * `count` elements in, to `into` from 0: true when the kernel answered, else KVM_EXIT_IO is prepared and the answer is
   * in the data page when the vCPU runs again.
   */
  in(port: number, size: number, count: number, into: Uint8Array): boolean {
    const { run, vm, work } = this.#vcpu;
    const { kernelPortRead } = vm.release.x86;
    const bytes = size * count;
    const isDirect = kernelPortRead === "destination";
    if (kernelPortRead === "cleared-page") run.fill(0, dataOffset, dataOffset + bytes);
    if (this.#kernelIn(port, size, count, isDirect ? into : run, isDirect ? 0 : dataOffset)) {
      work.path = P_PIO_KERNEL;
      if (!isDirect) this.#copyPage(into, bytes);
      this.#traceIn(port, size, count, into);
      return true;
    }
    if (isDirect) run.fill(0, dataOffset, dataOffset + bytes);
    this.#begin(port, size, count, true);
    return false;
  }

  // KERNEL 6.19 arch/x86/kvm/x86.c complete_emulator_pio_in
  /** Userspace answered: what it said goes to `into` from 0. */
  takeAnswer(into: Uint8Array): void {
    this.#copyPage(into, this.size * this.count);
    this.#traceIn(this.port, this.size, this.count, into);
    this.count = 0;
  }

  #copyPage(into: Uint8Array, bytes: number): void {
    const { run } = this.#vcpu;
    for (let i = 0; i < bytes; i++) into[i] = run[dataOffset + i]!;
  }

  // KERNEL 4.4 arch/x86/kvm/x86.c kernel_pio; 5.15, 6.19 emulator_pio_in_out
  #kernelIn(port: number, size: number, count: number, data: Uint8Array, from: number): boolean {
    const { vm, work } = this.#vcpu;
    const { stringPio } = vm.release.x86;
    const elements = stringPio === "first-datum-only" ? 1 : count;
    const chunk = this.#chunk;
    for (let i = 0; i < elements; i++) {
      const at = from + i * size;
      for (let byte = 0; byte < size; byte++) chunk[byte] = data[at + byte]!;
      if (busRead(vm.pioBus, work, port, 0, size, chunk) !== 0) {
        if (i === 0 || stringPio !== "per-element") return false;
        // 6.19: what the kernel cannot answer after a first success reads as zero.
        data.fill(0, at, from + count * size);
        return true;
      }
      for (let byte = 0; byte < size; byte++) data[at + byte] = chunk[byte]!;
    }
    return true;
  }

  #traceIn(port: number, size: number, count: number, data: Uint8Array): void {
    if (!this.#vcpu.isTracing) return;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value << 8 | data[i]!;
    this.#vcpu.trace("kvm_pio", kvmPioText("read", port, size, count, value));
  }

  #begin(port: number, size: number, count: number, isIn: boolean): void {
    const { runView: view, work } = this.#vcpu;
    this.count = count;
    this.isIn = isIn;
    this.size = size;
    this.port = port;
    view.setUint32(RUN_EXIT_REASON, KVM_EXIT_IO, true);
    view.setUint8(RUN_IO_DIRECTION, isIn ? 0 : 1);
    view.setUint8(RUN_IO_SIZE, size);
    view.setUint16(RUN_IO_PORT, port, true);
    view.setUint32(RUN_IO_COUNT, count, true);
    view.setUint32(RUN_IO_DATA_OFFSET, dataOffset, true);
    view.setUint32(RUN_IO_DATA_OFFSET + 4, 0, true);
    work.current[W_USER_IO]!++;
    work.path = P_PIO_USER;
  }
}
