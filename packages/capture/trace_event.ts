/**
 * Events of a recording as rows of two typed arrays: what the parser writes and the replay reads, nothing allocated.
 *
 * @module
 */

/** Kinds of event. */
export const eventKind = {
  /** `kvm_mmio`: a = 0 unsatisfied read, 1 read, 2 write; b = bytes; addr; value. */
  mmio: 1,
  /** `kvm_pio`: a = 1 for OUT; b = bytes; c = count; addr = port; value. */
  pio: 2,
  /** `kvm_userspace_exit`: a = reason, -1 where the text does not say; b = 0 or a negative errno. */
  userspaceExit: 3,
  /** `kvm_fast_mmio`: addr. */
  fastMmio: 4,
  /** `kvm_exit`: the guest stopped. */
  guestExit: 5,
  /** `kvm_entry`: the guest goes on. */
  guestEntry: 6,
  /** `KVM_IOEVENTFD`: a = VM fd; b = len; c = flags; d = fd; addr; value = datamatch; ret. */
  ioeventfd: 7,
  /** `KVM_IRQFD`: a = VM fd; b = gsi; c = flags; d = fd; size = resamplefd; ret. */
  irqfd: 8,
  /** `KVM_SET_USER_MEMORY_REGION`: a = VM fd; b = slot; c = flags; addr; size; ret. */
  memoryRegion: 9,
  /** `KVM_REGISTER_COALESCED_MMIO`: a = VM fd; b = bytes; c = pio; addr; ret. */
  registerCoalesced: 10,
  /** `KVM_UNREGISTER_COALESCED_MMIO`, as above. */
  unregisterCoalesced: 11,
  /** Any other ioctl of type 0xae: a = fd; b = request; addr = argument; ret. */
  ioctl: 12,
  /** Events the recorder lost: a = how many, b = CPU or -1. */
  lost: 13,
  /** `KVM_ENABLE_CAP`: a = fd; b = capability; c = flags; addr and value = first two arguments; ret. */
  enableCap: 14,
  /** `KVM_CREATE_PIT2`: a = VM fd; c = flags; ret. */
  createPit2: 15,
  /** `eventfd`: b = count; c = flags; ret = fd. */
  eventfd: 16,
  /** `eventfd_read`: d = fd; value; ret. */
  eventfdRead: 17,
  /** `eventfd_write`: d = fd; value; ret. */
  eventfdWrite: 18,
  /** `dup` of an eventfd: d = fd; ret = the new one. */
  dup: 19,
  /** `close` of an eventfd: d = fd; ret. */
  close: 20,
} as const;

/** Columns of a row of {@linkcode EventBatch.words}. */
export const column = {
  /** One of {@linkcode eventKind}. */
  kind: 0,
  /** Line in the file, from 1. */
  line: 1,
  /** Index of the thread in the parser's table. */
  thread: 2,
  /** By kind. */
  a: 3,
  /** By kind. */
  b: 4,
  /** By kind. */
  c: 5,
  /** By kind. */
  d: 6,
  /** What an ioctl returned. */
  ret: 7,
  /** Guest physical address or port, low word. */
  addrLo: 8,
  /** High word. */
  addrHi: 9,
  /** Value or datamatch, low word. */
  valueLo: 10,
  /** High word. */
  valueHi: 11,
  /** Size of a memory region, low word. */
  sizeLo: 12,
  /** High word. */
  sizeHi: 13,
  /** 1 where the text gives no value (kernels before 3.16). */
  noValue: 14,
} as const;

/** Words in a row. */
export const rowWords = 16;

/** Rows of events in order. */
export class EventBatch {
  /** Rows that fit. */
  readonly capacity: number;
  /** Rows of {@linkcode rowWords} words each. */
  readonly words: Int32Array;
  /** Nanoseconds of each row, on the recording's clock. */
  readonly times: Float64Array;
  /** Rows in use. */
  length = 0;

  /**
   * An empty batch.
   *
   * @param capacity Rows that fit
   */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.words = new Int32Array(capacity * rowWords);
    this.times = new Float64Array(capacity);
  }
}
