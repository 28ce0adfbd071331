import { sha256Hex } from "../../../src/bytes/sha256.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { hashExports } from "../../../src/component/interface-hash.js";
import type { World } from "../../../src/component/world.js";
import type { BridgeCode, Manifest } from "../../../src/package/manifest.js";

/** A world as fidius's plugins have it, with every kind of method. */
export const GREETER_WIT = `
package fidius:greeter@0.1.0;

interface greeter {
  record plugin-error { code: string, message: string, details: option<string> }
  resource count-stream { next: func() -> result<option<u64>, plugin-error>; }
  resource shout-stream { next: func() -> result<option<string>, plugin-error>; }
  zebra: func(name: string) -> string;
  add: func(a: s64, b: s64) -> result<s64, plugin-error>;
  reverse: func(data: list<u8>) -> list<u8>;
  checked-reverse: func(data: list<u8>) -> result<list<u8>, plugin-error>;
  count: func(to: u32) -> count-stream;
  sum: func(scale: u64) -> u64;
  shout: func() -> shout-stream;
  describe: func() -> string;
  fidius-interface-hash: func() -> u64;
  fidius-configure: func(config: list<u8>);
}

world greeter-plugin { import fidius:stream-pull/pull@0.1.0; export greeter; }

package fidius:stream-pull@0.1.0 { interface pull { next: func() -> option<list<u8>>; } }
`;

/** {@link GREETER_WIT} with `replacement` in the place of `found`. */
export function changedWit(found: string, replacement: string): string {
  if (!GREETER_WIT.includes(found)) throw new Error(`the WIT has no ${found}`);
  return GREETER_WIT.replace(found, replacement);
}

export const GREETER_METHODS: BridgeCode["methods"] = [
  { function: "zebra", raw: false, takesStream: false },
  { function: "add", raw: false, takesStream: false },
  { function: "reverse", raw: true, takesStream: false },
  { function: "checked-reverse", raw: true, takesStream: false },
  { function: "count", raw: false, takesStream: false },
  { function: "sum", raw: false, takesStream: true, item: "u64" },
  { function: "shout", raw: false, takesStream: true },
  { function: "describe", raw: false, takesStream: false, optionalBit: 0 },
];

/** The manifest of a native or Python plugin with that world. */
export async function bridgeManifest(runtime: "rust" | "python", world: World): Promise<Manifest> {
  const [path, bytes] = runtime === "rust" ? ["native/linux-x64/libgreeter.so", toUtf8("library")] as const : ["greeter.py", toUtf8("module")] as const;
  return {
    schema: 1,
    protocol: 1,
    id: "acme.greeter",
    version: "1.2.3",
    runtime,
    metadata: {},
    interface: { name: "greeter", version: 1, hash: await hashExports(world) },
    world,
    capabilities: [],
    limits: {},
    bridge: {
      interfaceHash: "be38ca5674ec66ca",
      methods: GREETER_METHODS,
      ...(runtime === "rust" ? { libraries: [{ platform: "linux-x64", path }] } : { entryModule: "greeter" }),
    },
    files: [{ path, size: bytes.length, sha256: await sha256Hex(bytes) }],
    transpiled: [],
  };
}
