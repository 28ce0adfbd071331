import type { BinaryReader } from "./binary-reader.js";
import { unsupportedComponent } from "./component-failures.js";

/**
 * What follows the opcode of each canonical definition that makes a core function (Binary.md, "Canonical
 * Definitions"): t an index, o options, b a byte, r a result list, c a context slot.
 */
const BUILT_INS: ReadonlyMap<number, string> = new Map(Object.entries({
  0x02: "t", 0x03: "t", 0x04: "t", 0x05: "", 0x06: "b", 0x07: "t", 0x08: "", 0x09: "ro", 0x0a: "c", 0x0b: "c", 0x0c: "b", 0x0d: "",
  0x0e: "t", 0x0f: "to", 0x10: "to", 0x11: "tb", 0x12: "tb", 0x13: "t", 0x14: "t",
  0x15: "t", 0x16: "to", 0x17: "to", 0x18: "tb", 0x19: "tb", 0x1a: "t", 0x1b: "t",
  0x1c: "o", 0x1d: "o", 0x1e: "", 0x1f: "", 0x20: "bt", 0x21: "bt", 0x22: "", 0x23: "", 0x24: "", 0x25: "",
  0x26: "", 0x27: "tt", 0x28: "", 0x29: "b", 0x2a: "b", 0x2b: "b", 0x2c: "b", 0x2d: "b", 0x2e: "t", 0x2f: "t",
}).map(([opcode, operands]) => [Number(opcode), operands]));

/** The type index of a lifted function, `null` where a core function is made, or the number of an unknown opcode. */
export function readCanonical(reader: BinaryReader): { readonly lift: number | null } | { readonly unknown: number } {
  const opcode = reader.byte();
  if (opcode <= 0x01) {
    if (reader.byte() !== 0) throw reader.invalid("a canonical definition of something other than a function");
    reader.u32();
    readOperand(reader, "o");
    return { lift: opcode === 0x00 ? reader.u32() : null };
  }
  const operands = BUILT_INS.get(opcode);
  if (operands === undefined) return { unknown: opcode };
  for (const operand of operands) readOperand(reader, operand);
  return { lift: null };
}

function readOperand(reader: BinaryReader, operand: string): void {
  switch (operand) {
    case "b":
      reader.byte();
      break;
    case "t":
      reader.u32();
      break;
    case "o":
      reader.sequence(() => readOption(reader));
      break;
    case "r":
      if (reader.byte() === 0) reader.valueType();
      else reader.byte();
      break;
    default:
      // A slot number, preceded by the core type i32 or i64 since the context became typed.
      if (reader.u32() >= 0x7e) reader.u32();
  }
}

function readOption(reader: BinaryReader): void {
  const option = reader.byte();
  // memory, realloc, post-return, callback and core-type name an index; the encodings, async and gc are only marks.
  if ((option >= 0x03 && option <= 0x05) || option === 0x07 || option === 0x08) reader.u32();
  else if (option > 0x09) throw unsupportedComponent(`it has the canonical option 0x${option.toString(16)}, which this version does not know`);
}
