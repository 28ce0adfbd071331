/** A plugin of the interface `acme:attack/attack`, admitted as a bridge admits it. Its package has any files: the tests' runner loads none of them. */
import { admitPlugin } from "../../../src/admission/admit-plugin.js";
import { sha256Hex } from "../../../src/bytes/sha256.js";
import { hashExports } from "../../../src/component/interface-hash.js";
import type { FunctionType, TypeReference, World } from "../../../src/component/world.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { type PluginCatalogue, type RunnablePlugin, runnablePlugin } from "../../../src/node/executor/plugin-catalogue.js";
import type { BridgeCode, Manifest } from "../../../src/package/manifest.js";
import { encodeManifest } from "../../../src/package/parse-manifest.js";
import { PluginPackage } from "../../../src/package/plugin-package.js";
import { dangerouslyTrustUnsigned } from "../../../src/trust/trust-policy.js";
import { verifyPackage } from "../../../src/trust/verify-package.js";

export const ATTACK = "acme:attack/attack@1.0.0";
export const STORE = "acme:notes/store@1.0.0";

const typed = (result: TypeReference | null, ...parameters: readonly (readonly [name: string, type: TypeReference])[]): FunctionType => ({
  async: false, result, parameters: parameters.map(([name, type]) => ({ name, type })),
});

export const WORLD: World = {
  types: [
    { kind: "result", ok: "string", err: "string" },
    { kind: "resource", name: "ticks-stream", owner: ATTACK },
    { kind: "own", resource: 1 },
    { kind: "borrow", resource: 1 },
    { kind: "option", value: "u64" },
  ],
  imports: { interfaces: [{ name: STORE, functions: [{ name: "read", type: typed(0, ["path", "string"]) }, { name: "write", type: typed(0, ["path", "string"]) }], resources: [] }], functions: [] },
  exports: {
    interfaces: [{
      name: ATTACK,
      functions: [{ name: "[method]ticks-stream.next", type: typed(4, ["self", 3]) }, { name: "run", type: typed(0, ["what", "string"]) }, { name: "ticks", type: typed(2, ["count", "u64"]) }],
      resources: [1],
    }],
    functions: [],
  },
};

export interface PluginOptions {
  readonly id?: string;
  readonly version?: string;
  readonly world?: World;
  readonly files?: Readonly<Record<string, string>>;
  readonly manifest?: Partial<Manifest>;
  /** Instead of the real content. */
  readonly readFile?: (path: string) => Promise<Uint8Array>;
}

const SOURCE = { "acme_attack.py": "secret = 'of this package'\n", "vendor/inner/part.py": "part = 1\n" };

export async function makePlugin({ id = "acme.attack", version = "1.0.0", world = WORLD, files = SOURCE, manifest = {}, readFile }: PluginOptions = {}): Promise<RunnablePlugin> {
  const contents = new Map(Object.entries(files).map(([path, text]) => [path, new TextEncoder().encode(text)]));
  const bridge: BridgeCode = { interfaceHash: "0123456789abcdef", entryModule: "acme_attack", methods: ["run", "ticks"].map((name) => ({ function: name, raw: false, takesStream: false })) };
  const manifestBytes = encodeManifest({
    schema: 1, protocol: 1, id, version, runtime: "python", metadata: { title: "Attack" },
    interface: { name: ATTACK, version: 1, hash: await hashExports(world) },
    world, limits: {}, bridge, transpiled: [],
    capabilities: [`host:${STORE}`, "stdout", "stderr"].map((capability) => ({ capability, reason: "To be tried.", optional: true })),
    files: await Promise.all([...contents].sort(([one], [other]) => (one < other ? -1 : 1)).map(async ([path, content]) => ({ path, size: content.length, sha256: await sha256Hex(content) }))),
    ...manifest,
  });
  const opened = PluginPackage.open({
    origin: "a test", manifestBytes, signatureBytes: null,
    readFile: readFile ?? (async (path) => contents.get(path) ?? new Uint8Array()),
  }, DEFAULT_LIMITS);
  const verified = await verifyPackage(opened, dangerouslyTrustUnsigned("it is a test's own"));
  return runnablePlugin(await admitPlugin(verified, {
    expectedId: id, compatibility: "strict", runtimes: new Set(["rust", "python"]),
    expected: { name: ATTACK, hash: await hashExports(world), world },
    hostInterfaces: world.imports.interfaces.map((shape) => ({ name: shape.name, world, shape, documentation: "To be tried", functions: new Map(shape.functions.map(({ name }) => [name, () => undefined])), timeoutMilliseconds: undefined })),
    openGrants: async () => ({ offered: () => undefined, recall: async () => undefined, ask: async () => ({ granted: [], decision: "deny", by: "policy" }), audit: () => {} }),
  }));
}

/** Has exactly these. */
export function catalogueOf(...plugins: readonly RunnablePlugin[]): PluginCatalogue {
  return { find: async (id, version, digest) => plugins.find((plugin) => plugin.manifest.id === id && plugin.manifest.version === version && plugin.manifestSha256 === digest) };
}
