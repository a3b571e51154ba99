import { hex, joinWords } from "@ioeventfd/uapi";
import { column, eventKind } from "@ioeventfd/capture";

/** A field of a call: how a recording spells it, and its column. */
type Field = readonly [text: string, kind: "decimal" | "signed" | "hex", at: number, high?: number];

const addr = ["addr", "hex", column.addrLo, column.addrHi] as const;
const zone: readonly Field[] = [
  ["vm", "signed", column.a],
  addr,
  ["size", "decimal", column.b],
  ["pio", "decimal", column.c],
];
const transfer: readonly Field[] = [
  ["fd", "signed", column.d],
  ["value", "hex", column.valueLo, column.valueHi],
];
const descriptor: readonly Field[] = [["fd", "signed", column.d]];

/** System calls as a recording spells them; `ret` comes last in each. */
const calls: Readonly<Record<number, readonly [name: string, fields: readonly Field[]]>> = {
  [eventKind.ioeventfd]: ["KVM_IOEVENTFD", [
    ["vm", "signed", column.a],
    ["datamatch", "hex", column.valueLo, column.valueHi],
    addr,
    ["len", "decimal", column.b],
    ["fd", "signed", column.d],
    ["flags", "hex", column.c],
  ]],
  [eventKind.irqfd]: ["KVM_IRQFD", [
    ["vm", "signed", column.a],
    ["fd", "signed", column.d],
    ["gsi", "decimal", column.b],
    ["flags", "hex", column.c],
    ["resamplefd", "signed", column.sizeLo],
  ]],
  [eventKind.memoryRegion]: ["KVM_SET_USER_MEMORY_REGION", [
    ["vm", "signed", column.a],
    ["slot", "hex", column.b],
    ["flags", "hex", column.c],
    ["gpa", "hex", column.addrLo, column.addrHi],
    ["size", "hex", column.sizeLo, column.sizeHi],
  ]],
  [eventKind.registerCoalesced]: ["KVM_REGISTER_COALESCED_MMIO", zone],
  [eventKind.unregisterCoalesced]: ["KVM_UNREGISTER_COALESCED_MMIO", zone],
  [eventKind.ioctl]: ["ioctl", [
    ["fd", "signed", column.a],
    ["cmd", "hex", column.b],
    ["arg", "hex", column.addrLo, column.addrHi],
  ]],
  [eventKind.enableCap]: ["KVM_ENABLE_CAP", [
    ["fd", "signed", column.a],
    ["cap", "decimal", column.b],
    ["flags", "hex", column.c],
    ["args", "hex", column.addrLo, column.addrHi],
    ["", "hex", column.valueLo, column.valueHi],
  ]],
  [eventKind.createPit2]: ["KVM_CREATE_PIT2", [
    ["vm", "signed", column.a],
    ["flags", "hex", column.c],
  ]],
  [eventKind.eventfd]: ["eventfd", [
    ["count", "decimal", column.b],
    ["flags", "hex", column.c],
  ]],
  [eventKind.eventfdRead]: ["eventfd_read", transfer],
  [eventKind.eventfdWrite]: ["eventfd_write", transfer],
  [eventKind.dup]: ["dup", descriptor],
  [eventKind.close]: ["close", descriptor],
};

/** A system call as a recording spells it, without its result: `KVM_IOEVENTFD: vm 9 … flags 0x0`; null for others. */
export function callText(words: Int32Array, row: number): string | null {
  const call = calls[words[row + column.kind]!];
  if (call === undefined) return null;
  const [name, fields] = call;
  const texts = fields.map(([text, kind, low, high]) => {
    const value = words[row + low]!;
    const shown = kind === "signed"
      ? String(value)
      : kind === "decimal"
      ? String(value >>> 0)
      : hex(joinWords(value, high === undefined ? 0 : words[row + high]!));
    return text === "" ? shown : `${text} ${shown}`;
  });
  return `${name}: ${texts.join(" ")}`;
}
