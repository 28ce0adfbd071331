/** Packages as an attacker makes them: real ones, taken apart, altered, and signed again with whatever key the attacker has. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { componentEmbed, componentNew, parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { sha256Hex } from "../../src/bytes/sha256.js";
import type { InterfaceDescriptorData } from "../../src/component/interface-descriptor.js";
import { encodeArchive } from "../../src/node/package-archive.js";
import type { Manifest } from "../../src/package/manifest.js";
import { encodeManifest } from "../../src/package/parse-manifest.js";
import { encodeIndex } from "../../src/package/registry-index.js";
import { generateKeyPair } from "../../src/trust/ed25519.js";
import { formatPublicKey, parseSecretKey } from "../../src/trust/key-format.js";
import { signIndex, signManifest } from "../../src/trust/signature-envelope.js";
import type { FixtureName } from "../fixtures/index.js";
import type { TestServer } from "./browser-test.js";
import { descriptorOfWorld } from "./descriptor.js";

const packages = new URL("../../.cache/packages/", import.meta.url);

/** A key pair: the secret as its seed, the public key as an app writes it. */
export interface SigningKey {
  readonly seed: Uint8Array;
  readonly text: string;
}

export type PackageFiles = ReadonlyMap<string, Uint8Array>;

export async function createKey(): Promise<SigningKey> {
  const { seed, publicKey } = await generateKeyPair();
  return { seed, text: formatPublicKey(publicKey) };
}

/** The key that signed every fixture: what an attacker with a trusted key has. */
export async function publisherSigningKey(): Promise<SigningKey> {
  const [secret, text] = await Promise.all(["publisher.pem", "publisher.pub"].map((name) => readFile(new URL(name, packages), "utf8")));
  return { seed: parseSecretKey(secret ?? ""), text: (text ?? "").trim() };
}

/** The files of a packed fixture, by path. */
export function packedFixture(name: FixtureName): Promise<Map<string, Uint8Array>> {
  return readFolder(new URL(`registry/fixture.${name}/1.0.0/`, packages).pathname);
}

async function readFolder(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(folder.length).replace(/^\//, ""), new Uint8Array(await readFile(path)));
  }
  return files;
}

/** Packs a component as its author would, unsigned. */
export async function packComponent(component: Uint8Array, id: string): Promise<Map<string, Uint8Array>> {
  const node = await import(new URL("../../dist/node.js", import.meta.url).href);
  const folder = await mkdtemp(join(tmpdir(), "portcullis-forged-"));
  try {
    await writeFile(join(folder, "component.wasm"), component);
    const { directory } = await node.packPlugin({ input: join(folder, "component.wasm"), out: join(folder, "out"), identity: { id, version: "1.0.0", capabilities: [] } });
    return await readFolder(directory);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A component out of WebAssembly text and the world that it implements. */
export async function buildComponent(wat: string, wit: string): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ binary: await parse(wat), witSource: wit }), []);
}

export function manifestOf(files: PackageFiles): Manifest {
  return JSON.parse(new TextDecoder().decode(files.get("manifest.json"))) as Manifest;
}

export function descriptorOfPackage(files: PackageFiles): Promise<InterfaceDescriptorData> {
  const { id, world } = manifestOf(files);
  return descriptorOfWorld(world, id);
}

export interface Forgery {
  /** Files to put over those of the package. Their digests in the manifest follow. */
  readonly replace?: ReadonlyMap<string, Uint8Array | string>;
  /** Any lie in the manifest. */
  readonly lie?: (manifest: Manifest) => unknown;
  /** Who signs: no key leaves the package unsigned. */
  readonly sign: readonly SigningKey[];
}

/** The package with other content, whole in itself, signed by those keys. */
export async function forge(files: PackageFiles, { replace = new Map(), lie = (manifest) => manifest, sign }: Forgery): Promise<Map<string, Uint8Array>> {
  const forged = new Map(files);
  for (const [path, content] of replace) forged.set(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  const manifest = manifestOf(files);
  const listed = [];
  for (const { path } of manifest.files) {
    const bytes = forged.get(path) ?? new Uint8Array();
    listed.push({ path, size: bytes.length, sha256: await sha256Hex(bytes) });
  }
  const bytes = encodeManifest(lie({ ...manifest, files: listed }) as Manifest);
  forged.set("manifest.json", bytes);
  forged.delete("manifest.sig");
  if (sign.length > 0) forged.set("manifest.sig", await signManifest(bytes, sign.map(({ seed }) => seed)));
  return forged;
}

/** Replaces the glue of every target. */
export function glueReplacement(files: PackageFiles, glue: string): Map<string, string> {
  return new Map(manifestOf(files).transpiled.map((output) => [output.glue, glue]));
}

/** Puts a package on the test server as an archive, and gives the source for `PluginPage.load`. */
export async function serveArchive(server: TestServer, files: PackageFiles): Promise<{ readonly file: string }> {
  return serveBytes(server, await encodeArchive(files));
}

let served = 0;

export async function serveBytes(server: TestServer, bytes: Uint8Array): Promise<{ readonly file: string }> {
  served += 1;
  await server.putFile(`packages/forged/${served}.tar.gz`, bytes);
  return { file: `../packages/forged/${served}.tar.gz` };
}

export interface ForgedRegistry {
  readonly index: string;
  /** Folder on the test server, for requests in its log. */
  readonly folder: string;
}

/** Puts a registry with these packages on the test server. A package may disagree with the index on purpose. */
export async function serveRegistry(
  server: TestServer,
  entries: readonly { readonly listed: PackageFiles; readonly served: PackageFiles; /** The id that the index gives it. */ readonly as?: string }[],
  key: SigningKey,
): Promise<ForgedRegistry> {
  served += 1;
  const folder = `packages/registry-${served}`;
  const plugins = [];
  for (const entry of entries) {
    const { id: ownId, version } = manifestOf(entry.listed);
    const id = entry.as ?? ownId;
    const digest = await sha256Hex(entry.listed.get("manifest.json") ?? new Uint8Array());
    plugins.push({ id, version, path: `${id}/${version}`, manifestSha256: digest });
    for (const [path, bytes] of entry.served) await server.putFile(`${folder}/${id}/${version}/${path}`, bytes);
  }
  const index = encodeIndex({ schema: 1, sequence: 1, expires: new Date(Date.now() + 86_400_000).toISOString(), plugins });
  await server.putFile(`${folder}/index.json`, index);
  await server.putFile(`${folder}/index.sig`, await signIndex(index, [key.seed]));
  return { index: `../${folder}/index.json`, folder };
}
