/**
 * The interfaces of wasi:keyvalue as components carry them: 0.2.0-draft, as tagged; 0.2.0-draft2 as it was first; and
 * 0.2.0-draft2 after `get-many` and `cas-failed` changed under the same version.
 */
import type { FunctionType, NamedFunction, TypeDefinition, TypeReference, World } from "../../../src/component/world.js";

interface Differences {
  readonly version: string;
  readonly cursor: TypeReference;
  readonly number: TypeReference;
  readonly hasSwap: boolean;
  readonly isLater: boolean;
}

export const KEY_VALUE_WORLDS = {
  draft: keyValueWorld({ version: "0.2.0-draft", cursor: "u64", number: "u64", hasSwap: false, isLater: false }),
  draft2: keyValueWorld({ version: "0.2.0-draft2", cursor: "string", number: "s64", hasSwap: true, isLater: false }),
  "draft2 of 2026": keyValueWorld({ version: "0.2.0-draft2", cursor: "string", number: "s64", hasSwap: true, isLater: true }),
} as const;

function keyValueWorld({ version, cursor, number, hasSwap, isLater }: Differences): World {
  const types: TypeDefinition[] = [];
  const define = (definition: TypeDefinition): number => types.push(definition) - 1;
  const owner = `wasi:keyvalue/store@${version}`;
  const bucketResource = define({ kind: "resource", name: "bucket", owner });
  const bucket = define({ kind: "own", resource: bucketResource });
  const borrowed = define({ kind: "borrow", resource: bucketResource });
  const error = define({ kind: "variant", name: "error", owner, cases: [{ name: "no-such-store", type: null }, { name: "access-denied", type: null }, { name: "other", type: "string" }] });
  const bytes = define({ kind: "list", element: "u8" });
  const maybeBytes = define({ kind: "option", value: bytes });
  const names = define({ kind: "list", element: "string" });
  const maybeCursor = define({ kind: "option", value: cursor });
  const response = define({ kind: "record", name: "key-response", owner, fields: [{ name: "keys", type: names }, { name: "cursor", type: maybeCursor }] });
  const pair = define({ kind: "tuple", items: ["string", bytes] });
  const pairs = define({ kind: "list", element: pair });
  const found = isLater ? define({ kind: "tuple", items: ["string", maybeBytes] }) : define({ kind: "option", value: pair });
  const founds = define({ kind: "list", element: found });
  const result = (ok: TypeReference | null, err: TypeReference = error) => define({ kind: "result", ok, err });
  const named = (name: string, parameters: readonly TypeReference[], answer: TypeReference): NamedFunction => {
    const type: FunctionType = { async: false, parameters: parameters.map((parameter, index) => ({ name: `p${index}`, type: parameter })), result: answer };
    return { name, type };
  };
  const casResource = hasSwap ? define({ kind: "resource", name: "cas", owner: `wasi:keyvalue/atomics@${version}` }) : undefined;
  const swapFunctions = (resource: number): NamedFunction[] => {
    const cas = define({ kind: "own", resource });
    const withValue = define({ kind: "tuple", items: [cas, maybeBytes] });
    const casError = define({ kind: "variant", name: "cas-error", cases: [{ name: "store-error", type: error }, { name: "cas-failed", type: isLater ? withValue : cas }] });
    const self = define({ kind: "borrow", resource });
    return [
      named("[static]cas.new", [borrowed, "string"], result(cas)),
      isLater ? named("[static]cas.new-with-read", [borrowed, "string"], result(withValue)) : named("[method]cas.current", [self], result(maybeBytes)),
      named("swap", [cas, bytes], result(null, casError)),
    ];
  };
  const store = [
    named("open", ["string"], result(bucket)), named("[method]bucket.get", [borrowed, "string"], result(maybeBytes)), named("[method]bucket.set", [borrowed, "string", bytes], result(null)),
    named("[method]bucket.delete", [borrowed, "string"], result(null)), named("[method]bucket.exists", [borrowed, "string"], result("bool")), named("[method]bucket.list-keys", [borrowed, maybeCursor], result(response)),
  ];
  const batch = [named("get-many", [borrowed, names], result(founds)), named("set-many", [borrowed, pairs], result(null)), named("delete-many", [borrowed, names], result(null))];
  const atomics = [named("increment", [borrowed, "string", number], result(number)), ...(casResource === undefined ? [] : swapFunctions(casResource))];
  return {
    types,
    imports: {
      functions: [],
      interfaces: [
        { name: owner, functions: store, resources: [bucketResource] },
        { name: `wasi:keyvalue/atomics@${version}`, functions: atomics, resources: casResource === undefined ? [] : [casResource] },
        { name: `wasi:keyvalue/batch@${version}`, functions: batch, resources: [] },
      ],
    },
    exports: { functions: [], interfaces: [] },
  };
}
