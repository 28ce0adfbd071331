import type { BinaryReader } from "./binary-reader.js";
import type { AliasSyntax, ExternDescription, Sort, SortIndex } from "./component-syntax.js";

const SORTS: readonly Sort[] = ["core", "function", "value", "type", "component", "instance"];

export function readSort(reader: BinaryReader): Sort {
  const tag = reader.byte();
  const sort = SORTS[tag];
  if (sort === undefined) throw reader.invalid(`unknown sort 0x${tag.toString(16)}`);
  if (sort === "core") reader.byte();
  return sort;
}

export function readSortIndex(reader: BinaryReader): SortIndex {
  return { sort: readSort(reader), index: reader.u32() };
}

/** `importname'` and `exportname'`: a name, with attributes in its third form. */
export function readExternName(reader: BinaryReader): string {
  const tag = reader.byte();
  if (tag > 2) throw reader.invalid(`unknown form 0x${tag.toString(16)} of a name`);
  const name = reader.name();
  let suffix = "";
  if (tag === 2) {
    reader.sequence(() => {
      const attribute = reader.byte();
      if (attribute > 2) throw reader.invalid(`unknown attribute 0x${attribute.toString(16)} of a name`);
      const value = reader.name();
      // `versionsuffix` is what was cut off the version to make the canonical one: 0.2 and .12.
      if (attribute === 1) suffix = value;
    });
  }
  return name + suffix;
}

export function readExternDescription(reader: BinaryReader): ExternDescription {
  const sort = readSort(reader);
  switch (sort) {
    case "function":
    case "instance":
      return { sort, type: reader.u32() };
    case "type":
      return { sort, equal: readTypeBound(reader) };
    case "value":
      if (reader.byte() === 0) reader.u32();
      else reader.valueType();
      return { sort };
    default:
      reader.u32();
      return { sort };
  }
}

function readTypeBound(reader: BinaryReader): number | null {
  const tag = reader.byte();
  if (tag > 1) throw reader.invalid(`unknown type bound 0x${tag.toString(16)}`);
  return tag === 0 ? reader.u32() : null;
}

export function readAlias(reader: BinaryReader): AliasSyntax {
  const sort = readSort(reader);
  const target = reader.byte();
  switch (target) {
    case 0x00:
      return { target: "export", sort, instance: reader.u32(), name: reader.name() };
    case 0x01:
      reader.u32();
      reader.skipName();
      return { target: "core" };
    case 0x02:
      return { target: "outer", sort, levels: reader.u32(), index: reader.u32() };
    default:
      throw reader.invalid(`unknown alias target 0x${target.toString(16)}`);
  }
}
