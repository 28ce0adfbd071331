import { NESTING_LIMIT, type BinaryReader } from "./binary-reader.js";
import { unsupportedComponent } from "./component-failures.js";
import type { Declaration, TypeSyntax } from "./component-syntax.js";
import { PRIMITIVE_OPCODES } from "./primitive-opcodes.js";
import { readAlias, readExternDescription, readExternName } from "./read-externs.js";
import type { FunctionType, NamedType, TypeDefinition, VariantCase } from "./world.js";

/** `type` of the component binary format (Binary.md, "Type Definitions"). */
export function readType(reader: BinaryReader, depth: number): TypeSyntax {
  if (depth > NESTING_LIMIT) throw reader.invalid(`types are nested more than ${NESTING_LIMIT} deep`);
  const opcode = reader.byte();
  const primitive = PRIMITIVE_OPCODES.get(opcode);
  if (primitive !== undefined) return { kind: "value", definition: { kind: "alias", type: primitive } };
  switch (opcode) {
    case 0x3e:
    case 0x3f:
      return readResource(reader, opcode === 0x3e);
    case 0x40:
    case 0x43:
      return { kind: "function", type: readFunctionType(reader, opcode === 0x43) };
    case 0x41:
      readDeclarations(reader, depth, true);
      return { kind: "component" };
    case 0x42:
      return { kind: "instance", declarations: readDeclarations(reader, depth, false) };
    default:
      return { kind: "value", definition: readDefinition(reader, opcode) };
  }
}

function readDefinition(reader: BinaryReader, opcode: number): TypeDefinition {
  const value = () => reader.valueType();
  const optionalValue = () => reader.optional(value);
  switch (opcode) {
    case 0x72: return { kind: "record", fields: someOf(reader, readNamedTypes(reader)) };
    case 0x71: return { kind: "variant", cases: someOf(reader, reader.sequence(() => readCase(reader))) };
    case 0x70: return { kind: "list", element: value() };
    case 0x6f: return { kind: "tuple", items: someOf(reader, reader.sequence(value)) };
    case 0x6e: return { kind: "flags", names: someOf(reader, reader.sequence(() => reader.name())) };
    case 0x6d: return { kind: "enum", cases: someOf(reader, reader.sequence(() => reader.name())) };
    case 0x6b: return { kind: "option", value: value() };
    case 0x6a: return { kind: "result", ok: optionalValue(), err: optionalValue() };
    case 0x69: return { kind: "own", resource: reader.u32() };
    case 0x68: return { kind: "borrow", resource: reader.u32() };
    case 0x67: return { kind: "list", element: value(), length: reader.u32() };
    case 0x66: return { kind: "stream", element: optionalValue() };
    case 0x65: return { kind: "future", value: optionalValue() };
    case 0x63: throw unsupportedComponent("its interface has a map type, which this version does not read; use list<tuple<key, value>>");
    default: throw reader.invalid(`unknown type 0x${opcode.toString(16)}`);
  }
}

function someOf<T>(reader: BinaryReader, items: T[]): T[] {
  if (items.length === 0) throw reader.invalid("a type without any member");
  return items;
}

function readNamedTypes(reader: BinaryReader): NamedType[] {
  return reader.sequence(() => ({ name: reader.name(), type: reader.valueType() }));
}

function readCase(reader: BinaryReader): VariantCase {
  const variantCase = { name: reader.name(), type: reader.optional(() => reader.valueType()) };
  // What was `refines` once must now be absent.
  if (reader.byte() !== 0) throw unsupportedComponent(`variant case ${variantCase.name} refines another, which was dropped from the component model`);
  return variantCase;
}

function readFunctionType(reader: BinaryReader, async: boolean): FunctionType {
  const parameters = readNamedTypes(reader);
  const tag = reader.byte();
  if (tag === 0) return { async, parameters, result: reader.valueType() };
  if (tag !== 1) throw reader.invalid(`unknown tag ${tag} of a function's result`);
  if (reader.byte() !== 0) throw unsupportedComponent("a function has named results, which were dropped from the component model");
  return { async, parameters, result: null };
}

function readResource(reader: BinaryReader, asyncDestructor: boolean): TypeSyntax {
  if (reader.byte() !== 0x7f) throw unsupportedComponent("a resource is not represented as an i32");
  if (asyncDestructor) reader.u32();
  reader.optional(() => reader.u32());
  return { kind: "resource" };
}

function readDeclarations(reader: BinaryReader, depth: number, inComponent: boolean): Declaration[] {
  return reader.sequence((): Declaration => {
    const tag = reader.byte();
    switch (tag) {
      case 0x00: throw unsupportedComponent("its interface declares core types");
      case 0x01: return { kind: "type", type: readType(reader, depth + 1) };
      case 0x02: return { kind: "alias", alias: readAlias(reader) };
      case 0x03:
        if (!inComponent) break;
        return { kind: "export", name: readExternName(reader), description: readExternDescription(reader) };
      case 0x04: return { kind: "export", name: readExternName(reader), description: readExternDescription(reader) };
    }
    throw reader.invalid(`unknown declaration 0x${tag.toString(16)}`);
  });
}
