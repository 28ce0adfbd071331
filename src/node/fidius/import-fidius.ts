import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { toHex } from "../../bytes/hex.js";
import { decodeComponent } from "../../component/decode-component.js";
import { PluginError } from "../../errors/plugin-error.js";
import { DEFAULT_LIMITS } from "../../limits/plugin-limits.js";
import { isPluginId, isSemanticVersion } from "../../package/plugin-identity.js";
import { quotedText } from "../../package/quoted-text.js";
import type { PublicKey } from "../../trust/public-key.js";
import { completeRequests } from "../capability-requests.js";
import { packInput, type PackOptions, type PackResult } from "../pack.js";
import { PACKAGE_TOML, readConfig } from "../pack-input.js";
import { readBoundedFile, unreadable } from "../read-bounded-file.js";
import { translateCapabilities } from "./fidius-capabilities.js";
import { type FidiusPackageToml, knownMetadata, parseFidiusPackageToml } from "./fidius-package-toml.js";
import { isInDigest } from "./fidius-paths.js";
import { fidiusDigest, verifyFidiusSignature } from "./fidius-signature.js";
import { readFidArchive } from "./read-fid-archive.js";
import { readFidiusDirectory } from "./read-fidius-directory.js";

export interface ImportFidiusOptions extends Omit<PackOptions, "input" | "identity"> {
  /** A directory with fidius's `package.toml`, or a `.fid` archive. */
  readonly input: string;
  /** Whose packages are imported, or why it does not matter this once. */
  readonly trust: { readonly keys: readonly PublicKey[] } | { readonly dangerouslyUnsigned: string };
  /** The plugin's id here. Default: the package's name, if that is one. */
  readonly id?: string;
  /** The plugin's version here. Default: the package's, if that is a semantic version. */
  readonly version?: string;
  /** Capability texts that stand for fidius's `http`, which names no address. */
  readonly http?: readonly string[];
  /** A JSON file with the schema of its configuration, which fidius does not have. */
  readonly config?: string;
}

export interface ImportFidiusResult extends PackResult {
  readonly fidius: {
    readonly name: string;
    readonly version: string;
    /** fidius's digest of the package, in hexadecimal. */
    readonly digest: string;
    /** The public key that signed it, in hexadecimal; `null` if that was not checked. */
    readonly signedBy: string | null;
  };
}

/** More than any archive that fidius itself unpacks needs. */
const MAXIMUM_ARCHIVE_BYTES = 500 * 1024 * 1024;

/**
 * Makes our package of one that was made for fidius, after fidius's signature was verified. The component is taken as it is.
 * Nothing of it is run.
 *
 * @throws {PluginError} `signature-missing`, `signature-invalid`, `package-invalid`, `package-too-large`, `manifest-invalid`,
 *   `capability-unknown`, `runtime-unsupported`, `usage-invalid`, `source-unreachable`, and what packing throws
 * @example
 * ```ts
 * await importFidiusPackage({ input: "greeter-1.0.0.fid", trust: { keys: [await readFidiusKey("author.public")] }, out: "public/plugins", signingKeys: [seed] });
 * ```
 */
export async function importFidiusPackage(options: ImportFidiusOptions): Promise<ImportFidiusResult> {
  const { input, trust, id: givenId, version: givenVersion, http = [], config, ...packing } = options;
  const limits = options.limits ?? DEFAULT_LIMITS;
  const files = await readFiles(input);
  // Before anything in it is believed.
  const signedBy = "keys" in trust ? await verifyFidiusSignature(files, trust.keys, input) : checkedReason(trust.dangerouslyUnsigned);
  const toml = parseFidiusPackageToml(contentOf(files, PACKAGE_TOML));
  const [id, version] = [givenId ?? toml.name, givenVersion ?? toml.version];
  if (!isPluginId(id)) throw usage(`the id ${quotedText(id)} is not dotted lower-case words such as acme.blur; give another with --id`);
  if (!isSemanticVersion(version)) throw usage(`the version ${quotedText(version)} is not a semantic version such as 1.2.3; give another with --version`);
  const component = contentOf(files, toml.component);
  if (component.length > limits.packageBytes) throw new PluginError({ code: "package-too-large", stage: "pack", message: `Cannot import ${id}: its component has ${component.length} bytes, and at most ${limits.packageBytes} are allowed` });
  const world = decodeComponent(component);
  checkBuiltForFidius(id, world.exports.interfaces.flatMap(({ functions }) => functions.map(({ name }) => name)));
  const packed = await packInput({
    code: { runtime: "wasm", component },
    warnings: toml.precompiled === undefined ? [] : [`package.toml has wasm.precompiled, which is native code for another runtime, and is left out`],
    description: {
      id, version,
      interface: { name: toml.interface, version: toml.interfaceVersion },
      minimumHost: undefined,
      metadata: knownMetadata(toml.metadata),
      capabilities: completeRequests(translateCapabilities({ name: id, listed: toml.capabilities, world, http })),
      limits: {},
      config: config === undefined ? undefined : await readConfig(dirname(config), basename(config)),
      contributes: { fidius: { package: toml.name, version: toml.version, metadata: toml.metadata } },
    },
  }, packing);
  return { ...packed, fidius: { ...named(toml), digest: toHex(fidiusDigest(files)), signedBy } };
}

async function readFiles(input: string): Promise<Map<string, Uint8Array>> {
  const found = await stat(input).catch((cause: unknown) => {
    throw unreadable(input, "pack", cause);
  });
  return found.isDirectory() ? readFidiusDirectory(input) : readFidArchive(await readBoundedFile(input, MAXIMUM_ARCHIVE_BYTES, "pack"));
}

function checkedReason(reason: string): null {
  if (reason.trim() === "") throw usage("a package whose signature is not checked needs a reason");
  return null;
}

/** A file that fidius's digest covers: what is beside it can be exchanged without the signature noticing. */
function contentOf(files: ReadonlyMap<string, Uint8Array>, path: string): Uint8Array {
  const content = files.get(path);
  const problem = content === undefined
    ? "it is not a file of the package, by the plain path that it has in it"
    : isInDigest(path) ? undefined : "fidius's signature does not cover it: nothing below target/ or .git/, and nothing that ends in .sig";
  if (content !== undefined && problem === undefined) return content;
  throw new PluginError({ code: "package-invalid", stage: "pack", message: `Cannot import the fidius package: it names the file ${quotedText(path)}, and ${problem ?? ""}` });
}

function checkBuiltForFidius(id: string, exported: readonly string[]): void {
  const count = exported.filter((name) => name === "fidius-interface-hash").length;
  if (count === 1) return;
  const found = count === 0 ? "no fidius-interface-hash, so it was not built for fidius; pack it with `portcullis pack`" : `${count} of fidius-interface-hash, so it is unclear which interface is meant`;
  throw new PluginError({ code: "package-invalid", stage: "pack", message: `Cannot import ${id}: its component exports ${found}` });
}

function named({ name, version }: FidiusPackageToml): { readonly name: string; readonly version: string } {
  return { name, version };
}

function usage(reason: string): PluginError {
  return new PluginError({ code: "usage-invalid", stage: "pack", message: `Cannot import the fidius package: ${reason}` });
}
