/** Registries made for one test out of the packed fixtures: altered, signed anew, and put on the test's own paths. */
import { readFile } from "node:fs/promises";
import type { JsonValue } from "../../src/bytes/canonical-json.js";
import { sha256Hex } from "../../src/bytes/sha256.js";
import { DEFAULT_LIMITS } from "../../src/limits/plugin-limits.js";
import type { Manifest } from "../../src/package/manifest.js";
import { encodeManifest, parseManifest } from "../../src/package/parse-manifest.js";
import { encodeIndex, type RegistryEntry } from "../../src/package/registry-index.js";
import { formatPublicKey, parseSecretKey } from "../../src/trust/key-format.js";
import { generateKeyPair } from "../../src/trust/ed25519.js";
import { signIndex, signManifest } from "../../src/trust/signature-envelope.js";
import type { FixtureName } from "../fixtures/index.js";
import type { TestServer } from "./browser-test.js";

const packages = new URL("../../.cache/packages/", import.meta.url);

/** A signing key and the text under which an app trusts it. */
export interface TestKey {
  readonly seed: Uint8Array;
  readonly publicKey: string;
}

export async function newKey(): Promise<TestKey> {
  const { seed, publicKey } = await generateKeyPair();
  return { seed, publicKey: formatPublicKey(publicKey) };
}

/** The key that signed every packed fixture. */
export async function publisherSeed(): Promise<Uint8Array> {
  return parseSecretKey(await readFile(new URL("publisher.pem", packages), "utf8"));
}

export interface TestPackage {
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  readonly signatureBytes: Uint8Array | null;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface PackageChanges {
  readonly manifest?: (manifest: Manifest) => Manifest;
  /** Files that differ; the manifest's sizes and digests follow, unless `keepDigests` is set. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
  readonly keepDigests?: boolean;
  /** Default: the publisher of the packed fixtures. None leaves it unsigned. */
  readonly seeds?: readonly Uint8Array[];
}

export async function packedManifest(name: FixtureName): Promise<Manifest> {
  return parseManifest(await readPacked(name, "manifest.json"), DEFAULT_LIMITS);
}

/** A packed fixture with changes, its manifest written and signed again. */
export async function changedPackage(name: FixtureName, changes: PackageChanges = {}): Promise<TestPackage> {
  const packed = await packedManifest(name);
  const files = new Map<string, Uint8Array>();
  for (const { path } of packed.files) files.set(path, changes.files?.get(path) ?? (await readPacked(name, path)));
  const listed = await Promise.all(packed.files.map(async ({ path, ...kept }) => {
    const bytes = files.get(path) ?? new Uint8Array();
    return changes.keepDigests === true ? { path, ...kept } : { path, size: bytes.length, sha256: await sha256Hex(bytes) };
  }));
  const manifest = (changes.manifest ?? ((same) => same))({ ...packed, files: listed });
  const manifestBytes = encodeManifest(manifest);
  const seeds = changes.seeds ?? [await publisherSeed()];
  return { manifest, manifestBytes, files, signatureBytes: seeds.length === 0 ? null : await signManifest(manifestBytes, seeds) };
}

export interface RegistryChanges {
  readonly sequence?: number;
  readonly expires?: string;
  /** Default: the publisher of the packed fixtures. None leaves it unsigned. */
  readonly seeds?: readonly Uint8Array[];
  /** Written into the index as they are, after the packages. */
  readonly entries?: readonly JsonValue[];
  /** For a package's entry: what it says instead. */
  readonly entry?: (entry: RegistryEntry) => RegistryEntry;
}

/** Puts a registry on the test server. Gives the index's address for `urlSource`, relative to a page of the test. */
export async function putRegistry(server: TestServer, name: string, content: readonly TestPackage[], changes: RegistryChanges = {}): Promise<string> {
  const folder = `packages/${name}`;
  const { sequence = 1, expires = "2999-01-01T00:00:00.000Z", seeds = [await publisherSeed()] } = changes;
  const plugins: RegistryEntry[] = [];
  for (const { manifest, manifestBytes, signatureBytes, files } of content) {
    const path = `${manifest.id}/${manifest.version}`;
    plugins.push((changes.entry ?? ((same) => same))({ id: manifest.id, version: manifest.version, path, manifestSha256: await sha256Hex(manifestBytes) }));
    await server.putFile(`${folder}/${path}/manifest.json`, manifestBytes);
    if (signatureBytes !== null) await server.putFile(`${folder}/${path}/manifest.sig`, signatureBytes);
    for (const [file, bytes] of files) await server.putFile(`${folder}/${path}/${file}`, bytes);
  }
  // The extra entries are of any form: what a careless or hostile registry writes.
  const index = encodeIndex({ schema: 1, sequence, expires, plugins: [...plugins, ...((changes.entries ?? []) as unknown as RegistryEntry[])] });
  await server.putFile(`${folder}/index.json`, index);
  if (seeds.length > 0) await server.putFile(`${folder}/index.sig`, await signIndex(index, seeds));
  return `../${folder}/index.json`;
}

/** Every file of a package with its manifest and signature, by path: what an archive has. */
export function archiveFiles({ manifestBytes, signatureBytes, files }: TestPackage): Map<string, Uint8Array> {
  return new Map([...files, ["manifest.json", manifestBytes], ...(signatureBytes === null ? [] : [["manifest.sig", signatureBytes] as const])]);
}

async function readPacked(name: FixtureName, path: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(new URL(`registry/fixture.${name}/1.0.0/${path}`, packages)));
}
