import { worldDigest } from "../admission/world-digest.js";
import { fromBase64 } from "../bytes/base64.js";
import { decodeComponent } from "../component/decode-component.js";
import { COMPILE_TARGETS, type CompileKey } from "../compile/compile-key.js";
import { compareKeys, liveCompileKey, type StalenessReason } from "../compile/live-compile-key.js";
import { isPluginError } from "../errors/plugin-error.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../limits/plugin-limits.js";
import type { Manifest, TranspiledOutput } from "../package/manifest.js";
import type { PluginPackage } from "../package/plugin-package.js";
import { verifyEd25519 } from "../trust/ed25519.js";
import type { PublicKey } from "../trust/key-format.js";
import { parseEnvelope, signedMessage } from "../trust/signature-envelope.js";
import { checkBridgeContent } from "./check-bridge-content.js";
import { reportImports, type ImportReport } from "./import-report.js";
import { openPackage, type OpenedPackage } from "./open-package.js";
import { worldText } from "./world-text.js";

export interface InspectOptions {
  /** A package's directory, its `.tar.gz`, or a bare component. */
  readonly path: string;
  /** Keys to check signatures with. Without a key, nothing can be said about its signature. */
  readonly keys?: readonly PublicKey[];
  readonly limits?: PluginLimits;
}

/** What a package or a component is and wants, read without running any of it. */
export interface Inspection {
  readonly form: OpenedPackage["form"];
  /** In bytes: the archive or component, or all files of a directory. */
  readonly size: number;
  readonly manifest: Manifest;
  /**
   * The component imports and exports what the manifest says; or of native and Python code, what can be known of it is as the
   * manifest says. A host refuses it otherwise.
   */
  readonly manifestMatches: boolean;
  /** The exports, in the manner of WIT. */
  readonly exports: string;
  readonly imports: readonly ImportReport[];
  readonly transpiled: readonly OutputInspection[];
  /** One for each signature; `null` if it is not signed. */
  readonly signatures: readonly SignatureInspection[] | null;
}

export interface OutputInspection {
  readonly key: CompileKey;
  /** The field in which its key differs from that of this version's transpiler; `undefined` if it is current. */
  readonly stale: StalenessReason | undefined;
  readonly glueBytes: number;
  readonly coreModuleBytes: number;
}

export interface SignatureInspection {
  readonly keyId: string;
  /** `unknown`: its key was not given. */
  readonly state: "valid" | "invalid" | "unknown";
}

/**
 * Reads everything that a package or a component says about itself. Nothing of it is compiled or run, and
 * whether it can be trusted is not decided: that is what `verifyPluginPackage` does.
 *
 * @throws {PluginError} what opening the package throws, such as `digest-mismatch`; `signature-invalid` for
 * a signature file that cannot be read
 */
export async function inspectPackage({ path, keys = [], limits = DEFAULT_LIMITS }: InspectOptions): Promise<Inspection> {
  const { package: opened, form, size } = await openPackage(path, limits);
  const { manifest } = opened;
  const found = manifest.bridge === undefined ? decodeComponent(await opened.readComponent()) : manifest.world;
  const transpiled: OutputInspection[] = [];
  for (const output of manifest.transpiled) transpiled.push(await inspectOutput(manifest, output));
  return {
    form,
    size,
    manifest,
    manifestMatches: (await worldDigest(found)) === (await worldDigest(manifest.world)) && (await isBridgeContent(opened)),
    exports: worldText(found, found.exports),
    imports: reportImports(found, manifest.capabilities),
    transpiled,
    signatures: await inspectSignatures(opened, keys),
  };
}

async function isBridgeContent(opened: PluginPackage): Promise<boolean> {
  if (opened.manifest.bridge === undefined) return true;
  return checkBridgeContent(opened).then(() => true, (error: unknown) => {
    if (isPluginError(error)) return false;
    throw error;
  });
}

async function inspectOutput(manifest: Manifest, { key, glue, coreModules }: TranspiledOutput): Promise<OutputInspection> {
  const target = COMPILE_TARGETS.find((candidate) => key.target.split("/")[0] === candidate);
  const stale = target === undefined ? "target" : compareKeys(key, await liveCompileKey(key.wasmSha256, manifest.world, target));
  const glueBytes = manifest.files.find(({ path }) => path === glue)?.size ?? 0;
  return { key, stale, glueBytes, coreModuleBytes: coreModules.reduce((total, { size }) => total + size, 0) };
}

async function inspectSignatures({ signatureBytes, manifestBytes }: PluginPackage, keys: readonly PublicKey[]): Promise<SignatureInspection[] | null> {
  if (signatureBytes === null) return null;
  const known = new Map(await Promise.all(keys.map(async (key) => [await key.id(), key] as const)));
  const message = signedMessage("manifest", manifestBytes);
  return Promise.all(parseEnvelope(signatureBytes).signatures.map(async ({ keyId, value }) => {
    const publicKey = known.get(keyId);
    if (publicKey === undefined) return { keyId, state: "unknown" as const };
    const signature = fromBase64(value);
    const valid = signature !== undefined && (await verifyEd25519({ publicKey, message, signature }));
    return { keyId, state: valid ? ("valid" as const) : ("invalid" as const) };
  }));
}
