import { encodeBincode } from "../../../../src/bincode/encode-bincode.js";
import type { BincodeType } from "../../../../src/bincode/bincode-type.js";
import type { World } from "../../../../src/component/world.js";

export const GREETER = "acme:greeter/greeter@1.0.0";
export const STORE = "acme:notes/store@1.0.0";

/** Functions of every kind that crosses to a bridge: values, bytes, an error, a stream, and one that the app offers. */
export const WORLD: World = {
  types: [
    { kind: "list", element: "u8" },
    { kind: "result", ok: "s64", err: "string" },
    { kind: "resource", name: "tick-stream", owner: GREETER },
    { kind: "own", resource: 2 },
    { kind: "borrow", resource: 2 },
    { kind: "option", value: "u32" },
  ],
  imports: { interfaces: [{ name: STORE, resources: [], functions: [{ name: "read", type: { async: false, parameters: [{ name: "path", type: "string" }], result: "string" } }] }], functions: [] },
  exports: {
    interfaces: [{
      name: GREETER,
      resources: [2],
      functions: [
        { name: "greet", type: { async: false, parameters: [{ name: "name", type: "string" }], result: "string" } },
        { name: "reverse", type: { async: false, parameters: [{ name: "data", type: 0 }], result: 0 } },
        { name: "divide", type: { async: false, parameters: [{ name: "a", type: "s64" }, { name: "b", type: "s64" }], result: 1 } },
        { name: "tick", type: { async: false, parameters: [], result: 3 } },
        { name: "[method]tick-stream.next", type: { async: false, parameters: [{ name: "self", type: 4 }], result: 5 } },
      ],
    }],
    functions: [],
  },
};

export const bytesOf = (type: BincodeType, value: unknown): Uint8Array => encodeBincode(type, value);
