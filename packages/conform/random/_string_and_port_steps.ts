import { hex } from "@ioeventfd/uapi";
import { guestLayout } from "../guest_machine.ts";
import type { Template } from "./_guest_step.ts";
import { operand } from "./_step_operand.ts";
import { accumulators, register } from "./_step_registers.ts";

/** MOVS, STOS, LODS, SCAS or CMPS, repeated or not, forwards or backwards. */
export const string: Template = (place) => {
  const { draw, long, esIsMmio } = place;
  const bytes = draw.pick(long ? [1, 2, 4, 8] as const : [1, 2, 4] as const);
  const name = draw.pick(["movs", "movs", "stos", "stos", "lods", "scas", "cmps"] as const);
  const count = draw.oneIn(2) ? 0 : draw.int(1, 4);
  const backwards = draw.oneIn(5);
  const there = place.offset(), other = place.offset();
  const fromRam = draw.oneIn(2);
  const ram = guestLayout.scratch + 8;
  return {
    text: `${backwards ? "std, " : ""}${count > 0 ? `rep${count} ` : ""}${name} ${bytes} bytes ` +
      `${hex(guestLayout.mmio + there)}${fromRam ? " with RAM" : ""}`,
    emit(a): void {
      const source = register(a, long ? "rsi" : "si"), target = register(a, long ? "rdi" : "di");
      const mmio = (offset: number): bigint => BigInt(long ? guestLayout.mmio + offset : offset);
      // In real mode DS is MMIO and SS is RAM; ES is one or the other.
      const reads = name === "movs" || name === "lods" || name === "cmps";
      a.mov(source, reads && fromRam ? BigInt(ram) : mmio(other));
      a.mov(target, long || esIsMmio ? mmio(there) : BigInt(ram));
      if (count > 0) a.mov(register(a, long ? "rcx" : "cx"), count);
      if (backwards) a.std();
      if (!long && reads && fromRam) a.db(0x36);
      if (count > 0) a.rep();
      a[name](bytes as 1);
      if (backwards) a.cld();
    },
  };
};

export const port: Template = (place) => {
  const bytes = place.draw.pick([1, 2, 4] as const), number = place.port(), value = place.value();
  const input = place.draw.oneIn(3), short = number < 256 && place.draw.oneIn(2);
  const accumulator = accumulators[bytes];
  return {
    text: `${input ? "in" : "out"} ${bytes} bytes port ${hex(number)}`,
    emit(a): void {
      if (!input) a.mov(register(a, accumulator), BigInt.asUintN(bytes * 8, value));
      if (!short) a.mov(a.dx, number);
      const where = short ? number : a.dx;
      if (input) a.in(register(a, accumulator), where);
      else a.out(where, register(a, accumulator));
    },
  };
};

export const portString: Template = (place) => {
  const { draw, long, esIsMmio } = place;
  const bytes = draw.pick([1, 2, 4] as const), number = place.port();
  const input = draw.oneIn(3), count = draw.oneIn(2) ? 0 : draw.int(1, 4);
  const there = place.offset(), intoRam = draw.oneIn(2);
  const ram = guestLayout.scratch + 8;
  return {
    text: `${count > 0 ? `rep${count} ` : ""}${input ? "ins" : "outs"} ${bytes} bytes ` +
      `port ${hex(number)}`,
    emit(a): void {
      const mmio = BigInt(long ? guestLayout.mmio + there : there);
      const target = (long ? intoRam : !esIsMmio) ? BigInt(ram) : mmio;
      a.mov(a.dx, number);
      if (count > 0) a.mov(register(a, long ? "rcx" : "cx"), count);
      if (input) a.mov(register(a, long ? "rdi" : "di"), target);
      else a.mov(register(a, long ? "rsi" : "si"), BigInt(ram));
      if (!input && !long) a.db(0x36);
      if (count > 0) a.rep();
      if (input) a.ins(bytes);
      else a.outs(bytes);
    },
  };
};

/** PUSH onto a stack in MMIO, or POP into MMIO from one in RAM. */
export const stack: Template = (place) => {
  const { draw, long } = place;
  const at = operand(place), offset = place.offset();
  const pop = !long || draw.oneIn(2), bytes = long ? 8 : 2;
  const from = draw.pick(long ? ["rax", "rcx", "r8"] : ["ax", "cx"]);
  return {
    text: pop ? `pop ${at.text}` : `push ${from} at ${hex(guestLayout.mmio + offset)}`,
    emit(a): void {
      if (pop) {
        a.push(register(a, from));
        at.point(a);
        a.pop(at.of(a, bytes));
        return;
      }
      a.mov(a.rsp, BigInt(guestLayout.mmio + offset + 8));
      a.push(register(a, from));
      a.mov(a.rsp, BigInt(guestLayout.stackTop));
    },
  };
};
