import type { InterfaceShape, TypeDefinition, World } from "../../component/world.js";
import { STREAM_PULL_INTERFACE } from "../../package/check-bridge-world.js";

const HOST_CALL_INTERFACE = "fidius:host-call/host@0.1.0";

/** fidius's two interfaces of the host: what they are for, as a person who is asked reads it. */
export const FIDIUS_CARRIERS: ReadonlyMap<string, string> = new Map([
  [HOST_CALL_INTERFACE, "To call functions of the app (fidius names them only when it calls)"],
  [STREAM_PULL_INTERFACE, "To pull the items that the app gives for a call"],
]);

/**
 * `world` with an import of each interface of `names` that it lacks and that fidius has. The WIT that fidius writes has only what
 * a plugin exports: components show the two in their binary, and libraries have them without a word.
 */
export function withCarriers(world: World, names: Iterable<string>): World {
  let completed = world;
  for (const name of new Set(names)) {
    const carrier = CARRIERS.get(name);
    if (carrier !== undefined && !world.imports.interfaces.some((shape) => shape.name === name)) completed = withImport(completed, carrier);
  }
  return completed;
}

interface Carrier {
  /** Beginning with `list<u8>`. `first` is the place of that. */
  readonly types: (first: number) => readonly TypeDefinition[];
  readonly shape: (first: number) => InterfaceShape;
}

const BYTES: TypeDefinition = { kind: "list", element: "u8" };

const CARRIERS: ReadonlyMap<string, Carrier> = new Map<string, Carrier>([
  [STREAM_PULL_INTERFACE, {
    types: (first) => [BYTES, { kind: "option", value: first }],
    shape: (first) => ({ name: STREAM_PULL_INTERFACE, resources: [], functions: [{ name: "next", type: { async: false, parameters: [], result: first + 1 } }] }),
  }],
  [HOST_CALL_INTERFACE, {
    types: (first) => [BYTES, { kind: "tuple", items: ["s32", first] }],
    shape: (first) => ({
      name: HOST_CALL_INTERFACE,
      resources: [],
      functions: [{
        name: "call",
        type: {
          async: false,
          parameters: [
            { name: "interface-name", type: "string" }, { name: "expected-version", type: "u32" }, { name: "expected-hash", type: "u64" },
            { name: "index", type: "u32" }, { name: "args", type: first },
          ],
          result: first + 1,
        },
      }],
    }),
  }],
]);

function withImport({ types, imports, exports }: World, { types: added, shape }: Carrier): World {
  const first = types.length;
  return { types: [...types, ...added(first)], imports: { ...imports, interfaces: [...imports.interfaces, shape(first)] }, exports };
}
