import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { PluginError } from "../../errors/plugin-error.js";
import type { PluginLimits } from "../../limits/plugin-limits.js";
import type { Manifest } from "../../package/manifest.js";
import { MANIFEST_PATH, SIGNATURE_PATH } from "../../package/package-path.js";
import { PluginPackage } from "../../package/plugin-package.js";
import { bridgeCodecs } from "../../runtime/bridge/bridge-codecs.js";
import type { TrustPolicy } from "../../trust/trust-policy.js";
import { type VerifiedPackage, verifyPackage } from "../../trust/verify-package.js";
import { openPackage } from "../open-package.js";
import { readBoundedFile } from "../read-bounded-file.js";
import type { BridgeLog } from "./bridge-log.js";

/** One plugin that was found, read and trusted. */
export interface CataloguedPlugin {
  readonly verified: VerifiedPackage;
  readonly manifestSha256: string;
}

export interface PackageScannerOptions {
  /** A real path, without links. */
  readonly root: string;
  readonly trust: TrustPolicy;
  readonly log: BridgeLog;
  readonly limits: PluginLimits;
}

// More than anybody lists to a page. Each look reads as many directories.
const MAXIMUM_PACKAGES = 10_000;

/** Packages that are still being copied are refused at first: how long it takes until such are looked at again. */
const SECOND_LOOK_MILLISECONDS = 5_000;

interface Looked {
  readonly state: string;
  /** `undefined` for a component, which needs no bridge. */
  readonly plugin?: CataloguedPlugin | undefined;
  /** Why it was left out. */
  readonly problem?: { readonly reason: string; readonly at: number };
}

/**
 * Finds the packages below a directory. One whose manifest and signature did not change is not read again: files are checked
 * against the manifest whenever they are used.
 */
export class PackageScanner {
  readonly #options: PackageScannerOptions;
  #looked: ReadonlyMap<string, Looked> = new Map();

  constructor(options: PackageScannerOptions) {
    this.#options = options;
  }

  /** What can be read, is trusted and runs on a bridge. What does not is logged once, and hides nothing else. */
  async scan(): Promise<readonly CataloguedPlugin[]> {
    const looked = new Map<string, Looked>();
    for (const [id, version] of await this.#places()) {
      const place = `${id}/${version}`;
      const state = await packageState(join(this.#options.root, id, version));
      const known = this.#looked.get(place);
      const isCurrent = known?.state === state && (known.problem === undefined || performance.now() - known.problem.at < SECOND_LOOK_MILLISECONDS);
      looked.set(place, isCurrent ? known : await this.#look(id, version, state, known?.problem?.reason));
    }
    this.#looked = looked;
    return [...looked.values()].flatMap(({ plugin }) => (plugin === undefined ? [] : [plugin]));
  }

  async #look(id: string, version: string, state: string, known: string | undefined): Promise<Looked> {
    const { log } = this.#options;
    try {
      const plugin = await this.#read(id, version);
      if (plugin !== undefined) log.info("package-listed", { id, version });
      return { state, plugin };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== known) log.warn("package-left-out", { path: `${id}/${version}`, code: error instanceof PluginError ? error.code : "internal", reason });
      return { state, problem: { reason, at: performance.now() } };
    }
  }

  async #read(id: string, version: string): Promise<CataloguedPlugin | undefined> {
    const { root, trust, limits } = this.#options;
    const directory = join(root, id, version);
    // Every file is checked now, so that a damaged package is known before somebody wants it, and none of them is kept in memory.
    const { package: whole } = await openPackage(directory, limits);
    const { manifest, manifestBytes, signatureBytes } = whole;
    if (manifest.runtime === "wasm") return undefined;
    checkPlace(manifest, id, version);
    bridgeCodecs(manifest.world, manifest.id);
    const readFile = (path: string): Promise<Uint8Array> => readBoundedFile(join(directory, path), limits.packageBytes, "verify");
    const verified = await verifyPackage(PluginPackage.open({ origin: directory, manifestBytes, signatureBytes, readFile }, limits), trust);
    return { verified, manifestSha256: createHash("sha256").update(manifestBytes).digest("hex") };
  }

  /** Directories that may be packages. Links and names that begin with a dot are passed over. */
  async #places(): Promise<readonly (readonly [id: string, version: string])[]> {
    const { root, log } = this.#options;
    const places: (readonly [string, string])[] = [];
    for (const id of await directoriesIn(root, log)) {
      for (const version of await directoriesIn(join(root, id), log)) places.push([id, version]);
    }
    if (places.length > MAXIMUM_PACKAGES) log.error("too-many-packages", { found: places.length, read: MAXIMUM_PACKAGES });
    return places.slice(0, MAXIMUM_PACKAGES);
  }
}

async function directoriesIn(directory: string, log: BridgeLog): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name).sort();
  } catch (error) {
    log.warn("directory-unreadable", { path: directory, reason: error instanceof Error ? error.message : String(error) });
    return [];
  }
}

/** A package that stands in another's place could take it: what a directory is called is what its manifest must say. */
function checkPlace(manifest: Manifest, id: string, version: string): void {
  if (manifest.id === id && manifest.version === version) return;
  const message = `Cannot list the package at ${id}/${version}: its manifest says that it is ${manifest.id} ${manifest.version}. Move it to ${manifest.id}/${manifest.version}`;
  throw new PluginError({ code: "manifest-mismatch", stage: "verify", pluginId: manifest.id, message });
}

/** Changes whenever what is signed does, and when the directory is put in the place of another. */
async function packageState(directory: string): Promise<string> {
  const states = await Promise.all([".", MANIFEST_PATH, SIGNATURE_PATH].map(async (path) => {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(join(directory, path), { bigint: true });
      return [ino, size, mtimeNs, ctimeNs].join(" ");
    } catch {
      return "none";
    }
  }));
  return states.join("\n");
}
