import {
  type EventfdContext,
  POLLHUP,
  POLLIN,
  type WaitEntry,
  type Waiter,
} from "@ioeventfd/eventfd";
import {
  type ErrnoName,
  hex,
  type Irqfd as IrqfdRequest,
  type IrqfdRules,
  KVM_IRQFD_FLAG_DEASSIGN,
  KVM_IRQFD_FLAG_RESAMPLE,
  KvmError,
} from "@ioeventfd/uapi";
import type { AllocationFaults } from "./allocation_faults.ts";
import type { Irqchip, IrqchipMode } from "./irqchip.ts";

/** What irqfds need of their VM. */
export interface IrqfdHost {
  readonly rules: IrqfdRules;
  readonly faults: AllocationFaults;
  readonly irqchip: { readonly mode: IrqchipMode; readonly irqchip: Irqchip | null };
  lookupEventfd(fd: number): EventfdContext;
}

/** An irqfd in force. */
class Irqfd implements Waiter {
  readonly context: EventfdContext;
  readonly resample: EventfdContext | null;
  readonly gsi: number;
  readonly #owner: Irqfds;
  readonly #drains: boolean;
  #place: WaitEntry | null = null;
  #unlistenEoi: (() => void) | null = null;

  constructor(
    owner: Irqfds,
    drains: boolean,
    gsi: number,
    context: EventfdContext,
    resample: EventfdContext | null,
  ) {
    this.#owner = owner;
    this.#drains = drains;
    this.gsi = gsi;
    this.context = context.acquire();
    this.resample = resample?.acquire() ?? null;
  }

  start(): void {
    this.#place = this.context.addWaiter(
      this,
      this.#drains ? { place: "priority", exclusive: true } : {},
    );
    const { irqchip } = this.#owner.host.irqchip;
    if (this.resample !== null && irqchip !== null) {
      this.#unlistenEoi = irqchip.pic.onEoi((irq) => this.#ended(irq));
    }
    // KERNEL 6.19 virt/kvm/eventfd.c kvm_irqfd_assign: what is pending injects at once, and stays
    if (this.context.pollMask() & POLLIN) this.inject();
  }

  // KERNEL 6.19 virt/kvm/eventfd.c irqfd_wakeup
  wake(mask: number): boolean {
    if (mask & POLLHUP) this.#owner.detach(this);
    if ((mask & POLLIN) === 0) return false;
    if (this.#drains) this.context.drain();
    this.inject();
    return this.#drains;
  }

  // KERNEL 6.19 virt/kvm/eventfd.c irqfd_inject
  inject(): void {
    const { irqchip } = this.#owner.host.irqchip;
    if (this.resample !== null) return irqchip?.setIrq(this.gsi, true, 1);
    irqchip?.setIrq(this.gsi, true);
    irqchip?.setIrq(this.gsi, false);
  }

  // KERNEL 6.19 virt/kvm/eventfd.c irqfd_shutdown
  stop(): void {
    if (this.#place !== null) this.context.removeWaiterAndRead(this.#place);
    this.#unlistenEoi?.();
    if (this.resample !== null) this.#owner.resampled(this.gsi);
    this.context.release();
    this.resample?.release();
  }

  // KERNEL 6.19 virt/kvm/eventfd.c irqfd_resampler_ack
  #ended(irq: number): void {
    if (irq !== this.gsi) return;
    this.#owner.host.irqchip.irqchip?.setIrq(irq, false, 1);
    this.resample?.signal();
  }
}

/** `KVM_IRQFD`. */
export class Irqfds {
  readonly host: IrqfdHost;
  readonly #items = new Set<Irqfd>();

  constructor(host: IrqfdHost) {
    this.host = host;
  }

  get count(): number {
    return this.#items.size;
  }

  // KERNEL 6.19 virt/kvm/eventfd.c kvm_irqfd
  call(request: IrqfdRequest): void {
    const unknown = (request.flags & ~(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE)) >>> 0;
    if (unknown !== 0) refuse("EINVAL", "flags", `Flags ${hex(unknown)} are not known`);
    if (request.flags & KVM_IRQFD_FLAG_DEASSIGN) this.#deassign(request);
    else this.#assign(request);
  }

  // KERNEL 3.14, 4.4, 6.19 virt/kvm/eventfd.c kvm_irqfd_assign
  #assign({ fd, gsi, flags, resamplefd }: IrqfdRequest): void {
    const { host } = this;
    const resampling = (flags & KVM_IRQFD_FLAG_RESAMPLE) !== 0;
    this.#checkIrqchip(resampling);
    if (host.faults.take("irqfd")) refuse("ENOMEM", "allocation", "No memory for the irqfd");
    const context = host.lookupEventfd(fd);
    const resample = resampling ? host.lookupEventfd(resamplefd) : null;
    if (this.#isBusy(context)) {
      refuse("EBUSY", "busy", `The eventfd of descriptor ${hex(fd)} is an irqfd already`);
    }
    const irqfd = new Irqfd(this, host.rules.drainsCounter, gsi, context, resample);
    this.#items.add(irqfd);
    irqfd.start();
  }

  // KERNEL 6.19 arch/x86/kvm/irq.c kvm_arch_irqfd_allowed
  #checkIrqchip(resampling: boolean): void {
    const { rules, irqchip: { mode } } = this.host;
    if (rules.withoutIrqchip === null) return;
    if (mode === "none") {
      refuse(rules.withoutIrqchip, "irqchip", "There is no interrupt controller in the kernel");
    }
    if (resampling && mode === "split") {
      refuse("EINVAL", "irqchip", "RESAMPLE needs PIC and IOAPIC in the kernel");
    }
  }

  #isBusy(context: EventfdContext): boolean {
    if (this.host.rules.busyAcrossVms) return context.hasPriorityWaiter;
    return [...this.#items].some((irqfd) => irqfd.context === context);
  }

  // KERNEL 6.19 virt/kvm/eventfd.c kvm_irqfd_deassign
  #deassign({ fd, gsi }: IrqfdRequest): void {
    const context = this.host.lookupEventfd(fd);
    for (const irqfd of [...this.#items]) {
      if (irqfd.context === context && irqfd.gsi === gsi) this.detach(irqfd);
    }
  }

  // KERNEL 6.19 virt/kvm/eventfd.c irqfd_resampler_shutdown
  /** One with RESAMPLE is gone: the last of its line lets it go. */
  resampled(gsi: number): void {
    for (const irqfd of this.#items) if (irqfd.gsi === gsi && irqfd.resample !== null) return;
    this.host.irqchip.irqchip?.setIrq(gsi, false, 1);
  }

  detach(irqfd: Irqfd): void {
    if (this.#items.delete(irqfd)) irqfd.stop();
  }

  // KERNEL 6.19 virt/kvm/eventfd.c kvm_irqfd_release
  release(): void {
    for (const irqfd of [...this.#items]) this.detach(irqfd);
  }
}

function refuse(code: ErrnoName, check: string, detail: string): never {
  throw new KvmError(code, { check, detail });
}
