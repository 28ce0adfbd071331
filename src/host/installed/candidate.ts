import { dataOwner } from "../../broker/keyvalue/data-owner.js";
import { sha256Hex } from "../../bytes/sha256.js";
import { PluginError } from "../../errors/plugin-error.js";
import type { PluginPackage } from "../../package/plugin-package.js";
import type { VerifiedPackage } from "../../trust/verify-package.js";
import type { StoredVersion } from "./install-record.js";
import type { Replacement } from "./replacement-rules.js";

/** A verified package that is to be installed. */
export interface Candidate extends Replacement {
  readonly package: PluginPackage;
  /** What the store will say of it, but for its publisher, which depends on what is installed. */
  readonly stored: Omit<StoredVersion, "publisher">;
  readonly owners: readonly string[];
}

/** A file of a package with a way to its bytes. */
export interface CandidateFile {
  readonly sha256: string;
  readonly size: number;
  /** As a person would recognise it. */
  readonly path: string;
  read(signal: AbortSignal): Promise<Uint8Array>;
}

/** @throws {PluginError} `runtime-unsupported` for a plugin that does not run in a browser */
export async function createCandidate(verified: VerifiedPackage): Promise<Candidate> {
  const { package: opened, trust } = verified;
  const { id, version, runtime, component, files, metadata } = opened.manifest;
  const code = files.find(({ path }) => path === component);
  if (code === undefined) {
    // Its code would be stored in a browser, which never runs it.
    const message = `Cannot install ${id} in a browser: its runtime is ${runtime}, and it runs on a bridge. Put it into the bridge's directory of plugins, and load it from the bridge`;
    throw new PluginError({ code: "runtime-unsupported", stage: "install", pluginId: id, message });
  }
  const held = await candidateFiles(opened);
  const [manifest, signature] = held;
  const { title, description } = metadata;
  return {
    id, version, trust,
    manifest: manifest.sha256,
    package: opened,
    stored: {
      version,
      manifest: manifest.sha256,
      signature: opened.signatureBytes === null ? null : (signature?.sha256 ?? null),
      component: code.sha256,
      files: held.map(({ sha256, size }) => ({ sha256, size })),
      installed: Date.now(),
      source: opened.origin.slice(0, 4096),
      ...(title === undefined ? {} : { title }),
      ...(description === undefined ? {} : { description }),
    },
    owners: trust.kind === "signed" ? trust.keyIds : [dataOwner(verified)],
  };
}

/** Every file of a package, each content once: the manifest, its signature if it has one, and what the manifest lists. */
export async function candidateFiles(opened: PluginPackage): Promise<[manifest: CandidateFile, ...others: CandidateFile[]]> {
  const { manifestBytes, signatureBytes, manifest } = opened;
  const first = await fileInMemory("manifest.json", manifestBytes);
  const files: [CandidateFile, ...CandidateFile[]] = [first];
  if (signatureBytes !== null) files.push(await fileInMemory("manifest.sig", signatureBytes));
  const known = new Set(files.map(({ sha256 }) => sha256));
  for (const { path, sha256, size } of manifest.files) {
    if (known.has(sha256)) continue;
    known.add(sha256);
    files.push({ path, sha256, size, read: (signal) => opened.readFile(path, signal) });
  }
  return files;
}

async function fileInMemory(path: string, bytes: Uint8Array): Promise<CandidateFile> {
  return { path, sha256: await sha256Hex(bytes), size: bytes.length, read: async () => bytes };
}
