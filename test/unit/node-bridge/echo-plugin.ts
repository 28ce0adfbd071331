/** A Python plugin of the interface `acme:echo/echo`, as a package on disk, and its functions as frames have them. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { decodeBincode } from "../../../src/bincode/decode-bincode.js";
import { encodeBincode } from "../../../src/bincode/encode-bincode.js";
import { sha256Hex } from "../../../src/bytes/sha256.js";
import { hashExports } from "../../../src/component/interface-hash.js";
import type { FunctionType, TypeReference, World } from "../../../src/component/world.js";
import type { Manifest } from "../../../src/package/manifest.js";
import { encodeManifest } from "../../../src/package/parse-manifest.js";
import { bridgeFunctions } from "../../../src/runtime/bridge/bridge-functions.js";
import { generateKeyPair } from "../../../src/trust/ed25519.js";
import { signManifest } from "../../../src/trust/signature-envelope.js";

export const ECHO = "acme:echo/echo@1.0.0";
export const STORE = "acme:notes/store@1.0.0";

const typed = (result: TypeReference | null, ...parameters: readonly (readonly [name: string, type: TypeReference])[]): FunctionType => ({
  async: false, result, parameters: parameters.map(([name, type]) => ({ name, type })),
});

export const WORLD: World = {
  types: [
    { kind: "list", element: "u8" },
    { kind: "result", ok: "string", err: "string" },
    { kind: "resource", name: "ticks-stream", owner: ECHO },
    { kind: "own", resource: 2 },
    { kind: "borrow", resource: 2 },
    { kind: "option", value: "u64" },
  ],
  imports: {
    interfaces: [{ name: STORE, functions: [{ name: "label", type: typed("string", ["path", "string"]) }, { name: "read", type: typed(1, ["path", "string"]) }], resources: [] }],
    functions: [],
  },
  exports: {
    interfaces: [{
      name: ECHO,
      functions: [
        { name: "[method]ticks-stream.next", type: typed(5, ["self", 4]) },
        { name: "ask", type: typed(1, ["path", "string"]) },
        { name: "check", type: typed(1, ["text", "string"]) },
        { name: "die", type: typed("u32") },
        { name: "echo", type: typed(0, ["data", 0]) },
        { name: "explode", type: typed("u32") },
        { name: "flood", type: typed("u32", ["times", "u32"]) },
        { name: "print", type: typed("u32", ["text", "string"]) },
        { name: "rest", type: typed("u32", ["milliseconds", "u32"]) },
        { name: "tell", type: typed("string", ["path", "string"]) },
        { name: "ticks", type: typed(3, ["count", "u64"]) },
      ],
      resources: [2],
    }],
    functions: [],
  },
};

const EXPORTS = bridgeFunctions(WORLD, WORLD.exports);
const IMPORTS = bridgeFunctions(WORLD, WORLD.imports);

export const target = (name: string): string => `${ECHO}#${name}`;

function described(name: string) {
  const found = EXPORTS.get(target(name)) ?? IMPORTS.get(`${STORE}#${name}`);
  if (found === undefined) throw new Error(`there is no function ${name}`);
  return found;
}

export const encodeArguments = (name: string, ...values: readonly unknown[]): Uint8Array => encodeBincode(described(name).arguments, values, "arguments");
export const decodeArguments = (name: string, bytes: Uint8Array): readonly unknown[] => decodeBincode(described(name).arguments, bytes, "arguments") as readonly unknown[];
export function encodeResult(name: string, side: "ok" | "err", value: unknown): Uint8Array {
  const type = described(name)[side];
  return type === null ? new Uint8Array() : encodeBincode(type, value, "result");
}
export function decodeResult(name: string, side: "ok" | "err", bytes: Uint8Array): unknown {
  const type = described(name)[side];
  return type === null ? undefined : decodeBincode(type, bytes, "result");
}

/** What `EchoExecutor` does in the test's process, in Python. */
const SOURCE = `
import builtins
import os
import time

__interface_hash__ = 0x0123456789ABCDEF


def ask(path):
    import portcullis_host
    return portcullis_host.store.read(path)


def check(text):
    return text


def die():
    os.kill(os.getpid(), 9)


def echo(data):
    return data


def explode():
    raise MemoryError("it exploded")


def flood(times):
    for _ in range(times):
        print("x" * 1024)
    return times


def print(text):
    builtins.print(text, flush=True)
    return 1


def rest(milliseconds):
    time.sleep(milliseconds / 1000)
    return milliseconds


def tell(path):
    import portcullis_host
    return portcullis_host.store.label(path)


def ticks(count):
    yield from range(count)
`;

export interface PackageOptions {
  readonly id?: string;
  readonly version?: string;
  /** Where it is put, below the directory. Default: where `pack` puts it. */
  readonly place?: string;
  readonly change?: (manifest: Manifest) => Manifest;
  /** Content that is not what the manifest says. */
  readonly tampered?: boolean;
  readonly seed?: Uint8Array | undefined;
}

export interface WrittenPackage {
  readonly id: string;
  readonly version: string;
  readonly manifestSha256: string;
  readonly manifest: Uint8Array;
}

/** The key that the tests' packages are signed with. */
export const PUBLISHER = await generateKeyPair();

/** Writes a signed package into a bridge's directory. */
export async function writePackage(directory: string, { id = "acme.echo", version = "1.0.0", place = `${id}/${version}`, change = (same) => same, tampered = false, ...options }: PackageOptions = {}): Promise<WrittenPackage> {
  const source = new TextEncoder().encode(SOURCE);
  const seed = "seed" in options ? options.seed : PUBLISHER.seed;
  const manifest: Manifest = {
    schema: 1, protocol: 1, id, version, runtime: "python", metadata: { title: "Echo" },
    interface: { name: ECHO, version: 1, hash: await hashExports(WORLD) },
    world: WORLD,
    capabilities: [`host:${STORE}`, "log", "stdout"].map((capability) => ({ capability, reason: "To be tried.", optional: true })),
    limits: {},
    bridge: {
      interfaceHash: "0123456789abcdef", entryModule: "acme_echo",
      methods: ["ask", "check", "die", "echo", "explode", "flood", "print", "rest", "tell", "ticks"].map((name) => ({ function: name, raw: false, takesStream: false })),
    },
    files: [{ path: "acme_echo.py", size: source.length, sha256: await sha256Hex(source) }],
    transpiled: [],
  };
  const bytes = encodeManifest(change(manifest));
  const folder = join(directory, place);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "acme_echo.py"), tampered ? `${SOURCE}# more\n` : SOURCE);
  await mkdir(dirname(join(folder, "manifest.json")), { recursive: true });
  if (seed !== undefined) await writeFile(join(folder, "manifest.sig"), await signManifest(bytes, [seed]));
  await writeFile(join(folder, "manifest.json"), bytes);
  return { id, version, manifestSha256: await sha256Hex(bytes), manifest: bytes };
}
