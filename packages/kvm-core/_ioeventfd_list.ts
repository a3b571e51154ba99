import type { Ioeventfd } from "./ioeventfd.ts";

// KERNEL 6.19 include/linux/kvm_host.h struct kvm.ioeventfds
/** The ioeventfds of a VM in the order of their making, linked through themselves. */
export class IoeventfdList {
  #head: Ioeventfd | null = null;
  #tail: Ioeventfd | null = null;

  append(ioeventfd: Ioeventfd): void {
    ioeventfd.previous = this.#tail;
    ioeventfd.next = null;
    if (this.#tail === null) this.#head = ioeventfd;
    else this.#tail.next = ioeventfd;
    this.#tail = ioeventfd;
  }

  /** Does nothing to one that is not in it. */
  remove(ioeventfd: Ioeventfd): void {
    const { previous, next } = ioeventfd;
    if (previous === null && this.#head !== ioeventfd) return;
    if (previous === null) this.#head = next;
    else previous.next = next;
    if (next === null) this.#tail = previous;
    else next.previous = previous;
    ioeventfd.previous = null;
    ioeventfd.next = null;
  }

  *[Symbol.iterator](): Generator<Ioeventfd> {
    for (let at = this.#head; at !== null; at = at.next) yield at;
  }
}
