import { KvmError, type VmRules } from "@ioeventfd/uapi";
import { registerIrqchip, registerPit } from "./_irqchip_devices.ts";
import type { IoBus } from "./io_bus.ts";
import { Irqchip, type IrqchipMode } from "./irqchip.ts";

/** What the interrupt controllers need of their VM. */
export interface IrqchipHost {
  /** vCPUs were made. */
  hasVcpus(): boolean;
  bus(index: number): IoBus;
  readonly rules: VmRules;
}

// KERNEL 4.4, 6.19 arch/x86/kvm/x86.c kvm_arch_vm_ioctl, kvm_vm_ioctl_enable_cap
/** Interrupt controllers and timer that a VM has in the kernel. */
export class KernelIrqchip {
  mode: IrqchipMode = "none";
  irqchip: Irqchip | null = null;
  readonly #host: IrqchipHost;
  #hasPit = false;

  constructor(host: IrqchipHost) {
    this.#host = host;
  }

  create(): void {
    if (this.irqchip !== null || !this.#host.rules.irqchipAfterSplit) this.#checkNone();
    if (this.#host.hasVcpus()) {
      throw new KvmError("EINVAL", { check: "vcpus", detail: "There are vCPUs already" });
    }
    const irqchip = new Irqchip();
    registerIrqchip(this.#host, irqchip);
    this.irqchip = irqchip;
    if (this.mode === "none") this.mode = "full";
  }

  enableSplit(): void {
    this.#checkNone();
    if (this.#host.hasVcpus()) {
      throw new KvmError("EEXIST", { check: "vcpus", detail: "There are vCPUs already" });
    }
    this.mode = "split";
  }

  createPit2(speaker: boolean): void {
    if (this.#hasPit) throw new KvmError("EEXIST", { check: "pit", detail: "There is a PIT" });
    if (this.irqchip === null && this.#host.rules.pitNeedsPic) {
      throw new KvmError("ENOENT", {
        check: "irqchip",
        detail: "A PIT needs the PIC in the kernel",
      });
    }
    registerPit(this.#host, speaker);
    this.#hasPit = true;
  }

  #checkNone(): void {
    if (this.mode === "none") return;
    throw new KvmError("EEXIST", { check: "irqchip", detail: `There is a ${this.mode} irqchip` });
  }
}
