import { producedStream } from "../component/stream-resources.js";
import { typeWords } from "../component/type-words.js";
import type { World } from "../component/world.js";
import type { BridgeItemType } from "../package/bridge-item.js";
import type { BridgeMethod, Manifest } from "../package/manifest.js";

/** What a bridge runs of a plugin, in a few words: `greeter` or `linux-x64, darwin-arm64`; `undefined` for a component. */
export function bridgeCodeText({ bridge }: Pick<Manifest, "bridge">): string | undefined {
  if (bridge === undefined) return undefined;
  if (bridge.entryModule !== undefined) return `module ${bridge.entryModule}`;
  return `libraries for ${(bridge.libraries ?? []).map(({ platform }) => platform).join(", ")}`;
}

/** The methods of native or Python code, one line for each: its name, and what is special about it. */
export function methodLines({ world, bridge }: Pick<Manifest, "world" | "bridge">): readonly string[] {
  return (bridge?.methods ?? []).map((method) => {
    const notes = methodNotes(world, method);
    return notes.length === 0 ? method.function : `${method.function}: ${notes.join(", ")}`;
  });
}

function methodNotes(world: World, { function: name, raw, takesStream, item, optionalBit }: BridgeMethod): readonly string[] {
  const type = world.exports.interfaces.flatMap(({ functions }) => functions).find((named) => named.name === name)?.type;
  const produced = type === undefined ? undefined : producedStream(world, world.exports, type);
  return [
    ...(raw ? ["raw"] : []),
    ...(takesStream ? [`takes a stream of ${takenText(item)}`] : []),
    ...(produced === undefined ? [] : [`gives a stream of ${typeWords(world, produced.item)}`]),
    ...(optionalBit === undefined ? [] : [`optional, bit ${optionalBit}`]),
  ];
}

function takenText(item: BridgeMethod["item"]): string {
  return item === undefined ? "bytes, each the bincode of an item" : itemText(item);
}

/** The type of an item in WIT's words. */
function itemText(type: BridgeItemType | null): string {
  if (type === null) return "_";
  if (typeof type === "string") return type;
  const members = (parts: readonly { readonly name: string; readonly type: BridgeItemType | null }[]): string =>
    parts.map((part) => (part.type === null ? part.name : `${part.name}: ${itemText(part.type)}`)).join(", ");
  switch (type.kind) {
    case "record": return `record { ${members(type.fields)} }`;
    case "variant": return `variant { ${members(type.cases)} }`;
    case "enum": return `enum { ${type.cases.join(", ")} }`;
    case "tuple": return `tuple<${type.items.map(itemText).join(", ")}>`;
    case "list": return `list<${itemText(type.element)}>`;
    case "option": return `option<${itemText(type.value)}>`;
    case "result": return `result<${itemText(type.ok)}, ${itemText(type.err)}>`;
  }
}
