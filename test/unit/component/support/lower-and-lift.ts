/** Values towards the plugin and from it, for a world with a type of every kind. */
import { compileCodec, type LiftContext, type LowerContext } from "../../../../src/component/value-codec.js";
import type { TypeDefinition, TypeReference } from "../../../../src/component/world.js";
export const types = [
  { kind: "record", name: "point", fields: [{ name: "x-axis", type: "s32" }, { name: "y-axis", type: "s32" }] }, // 0
  { kind: "list", element: 0 }, // 1
  { kind: "variant", name: "shape", cases: [{ name: "none", type: null }, { name: "circle", type: "f32" }, { name: "long-line", type: 1 }] }, // 2
  { kind: "enum", name: "size", cases: ["small", "very-large"] }, // 3
  { kind: "flags", name: "mode", names: ["read", "can-write"] }, // 4
  { kind: "tuple", items: ["u8", "string"] }, // 5
  { kind: "option", value: "u32" }, // 6
  { kind: "option", value: 6 }, // 7
  { kind: "result", ok: "u32", err: null }, // 8
  { kind: "list", element: "u8" }, // 9
  { kind: "list", element: "u64" }, // 10
  { kind: "list", element: "u8", length: 3 }, // 11
  { kind: "list", element: "string" }, // 12
  { kind: "resource", name: "blob", owner: "a:b/c" }, // 13
  { kind: "own", resource: 13 }, // 14
  { kind: "borrow", resource: 13 }, // 15
  { kind: "record", name: "image", fields: [{ name: "size", type: 0 }, { name: "pixels", type: 9 }, { name: "layers", type: 12 }] }, // 16
  { kind: "stream", element: "u8" }, // 17
  { kind: "list", element: "s16" }, // 18
  { kind: "list", element: "f32" }, // 19
  { kind: "record", name: "settings", fields: [{ name: "constructor", type: "u8" }, { name: "label", type: 6 }] }, // 20
  { kind: "option", value: 8 }, // 21
  { kind: "list", element: 6 }, // 22
] as const satisfies readonly TypeDefinition[];

const world = { types };
export const POINT = 0, POINTS = 1, SHAPE = 2, SIZE = 3, MODE = 4, TUPLE = 5, OPTION = 6, NESTED = 7, RESULT = 8, BYTES = 9, LONGS = 10,
  THREE = 11, STRINGS = 12, OWN = 14, BORROW = 15, IMAGE = 16, STREAM = 17, SHORTS = 18, FLOATS = 19, SETTINGS = 20, OPTIONS = 22;

export function lowerContext(overrides: Partial<LowerContext> = {}): LowerContext {
  return { budget: { remaining: 1e6 }, transfer: [], transferable: new Set(), resource: () => 7, ...overrides };
}

export function liftContext(overrides: Partial<LiftContext> = {}): LiftContext {
  return { budget: { remaining: 1e6 }, resource: (id) => `resource ${id}`, ...overrides };
}

export const lower = (type: TypeReference | null, value: unknown, context = lowerContext()) => compileCodec(world, type).lower(value, "value", context);
export const lift = (type: TypeReference | null, value: unknown, context = liftContext()) => compileCodec(world, type).lift(value, "result", context);
