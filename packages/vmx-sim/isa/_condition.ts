import * as registers from "./registers.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { RFLAGS_CF, RFLAGS_OF, RFLAGS_PF, RFLAGS_SF, RFLAGS_ZF } = registers;

/** What condition codes are called, from 0. */
export const CONDITIONS: readonly string[] = "o no b ae e ne be a s ns p np l ge le g".split(" ");

/** Condition code 0…15 (O NO B AE E NE BE A S NS P NP L GE LE G) against the flags. */
export function testCondition(flags: number, code: number): boolean {
  let holds = false;
  switch (code >> 1) {
    case 0:
      holds = (flags & RFLAGS_OF) !== 0;
      break;
    case 1:
      holds = (flags & RFLAGS_CF) !== 0;
      break;
    case 2:
      holds = (flags & RFLAGS_ZF) !== 0;
      break;
    case 3:
      holds = (flags & (RFLAGS_CF | RFLAGS_ZF)) !== 0;
      break;
    case 4:
      holds = (flags & RFLAGS_SF) !== 0;
      break;
    case 5:
      holds = (flags & RFLAGS_PF) !== 0;
      break;
    case 6:
      holds = ((flags >> 4) ^ flags) & RFLAGS_SF ? true : false;
      break;
    default:
      holds = ((flags >> 4) ^ flags) & RFLAGS_SF ? true : (flags & RFLAGS_ZF) !== 0;
  }
  return (code & 1) === 0 ? holds : !holds;
}
