/** Builds the text of small recordings, line by line, on one clock. */
export class RecordingText {
  readonly #lines: string[] = [];
  #time = 1_000_000;

  /** Lines so far. */
  get count(): number {
    return this.#lines.length;
  }

  /** The text. */
  toString(): string {
    return this.#lines.map((line) => line + "\n").join("");
  }

  /** The bytes. */
  get bytes(): Uint8Array {
    return new TextEncoder().encode(this.toString());
  }

  /** A line as it is. */
  raw(line: string): this {
    this.#lines.push(line);
    return this;
  }

  /** A line of a bpftrace recording, 1 µs after the last. */
  line(text: string, tid = 7, pid = 7): this {
    this.#time += 1000;
    return this.raw(`${this.#time} ${pid}/${tid} vmm ${text}`);
  }

  /** Lets time pass. */
  wait(ns: number): this {
    this.#time += ns;
    return this;
  }

  /** KVM_CREATE_VM as descriptor 4, and a vCPU made by thread 7. */
  vm(): this {
    return this.line("ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4")
      .line("ioctl: fd 4 cmd 0xae41 arg 0x0 ret 5");
  }

  /** KVM_IOEVENTFD on descriptor 4. */
  ioeventfd(addr: string, len: number, flags = 0, datamatch = "0x0", ret = 0, fd = 20): this {
    return this.line(
      `KVM_IOEVENTFD: vm 4 datamatch ${datamatch} addr ${addr} len ${len} fd ${fd} flags 0x${
        flags.toString(16)
      } ret ${ret}`,
    );
  }

  /** KVM_REGISTER_COALESCED_MMIO on descriptor 4. */
  zone(addr: string, size: number, pio: 0 | 1): this {
    return this.line(
      `KVM_REGISTER_COALESCED_MMIO: vm 4 addr ${addr} size ${size} pio ${pio} ret 0`,
    );
  }

  /** OUT. */
  out(port: string, len = 1, value = "0x0", tid = 7): this {
    return this.line(`kvm_pio: rw 1 port ${port} size ${len} count 1 val ${value}`, tid);
  }

  /** The data of an IN. */
  in(port: string, len = 1, count = 1, tid = 7): this {
    return this.line(`kvm_pio: rw 0 port ${port} size ${len} count ${count} val 0x0`, tid);
  }

  /** A memory-mapped write. */
  store(gpa: string, len = 4, value = "0x0", tid = 7): this {
    return this.line(`kvm_mmio: type 2 len ${len} gpa ${gpa} val ${value}`, tid);
  }

  /** A memory-mapped read that exits. */
  unsatisfied(gpa: string, len = 4): this {
    return this.line(`kvm_mmio: type 0 len ${len} gpa ${gpa} val 0x0`);
  }

  /** The data of a memory-mapped read. */
  load(gpa: string, len = 4): this {
    return this.line(`kvm_mmio: type 1 len ${len} gpa ${gpa} val 0x0`);
  }

  /** KVM_EXIT_IO. */
  ioExit(tid = 7): this {
    return this.line("kvm_userspace_exit: reason 2 errno 0", tid);
  }

  /** KVM_EXIT_MMIO. */
  mmioExit(tid = 7): this {
    return this.line("kvm_userspace_exit: reason 6 errno 0", tid);
  }

  /** Any other exit. */
  exit(reason: number, errno = 0): this {
    return this.line(`kvm_userspace_exit: reason ${reason} errno ${errno}`);
  }
}
