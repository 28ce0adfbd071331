import type { PluginErrorCode } from "../errors/error-codes.js";
import { PluginError } from "../errors/plugin-error.js";
import { quotedText } from "./quoted-text.js";

/** What a source gives: the manifest at once, every other file when it is asked for. */
export interface PackageContent {
  /** Where it comes from, for messages: an address or a file's name. */
  readonly origin: string;
  readonly manifestBytes: Uint8Array;
  /** `manifest.sig`, or `null` if there is none. */
  readonly signatureBytes: Uint8Array | null;
  /** Gives a file that the manifest lists. Its bytes need not be trusted: they are checked here. */
  readFile(path: string, signal?: AbortSignal): Promise<Uint8Array>;
}

/** A core module of a transpiled output. */
export interface PackagedCoreModule {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A transpiled output, checked. */
export interface PackagedCode {
  readonly glue: string;
  readonly coreModules: readonly PackagedCoreModule[];
}

/** Why a package cannot be read. */
export function packageError(code: PluginErrorCode, pluginId: string, origin: string, reason: string, cause?: unknown): PluginError {
  const message = `Cannot read the package of ${pluginId} from ${quotedText(origin)}: ${reason}`;
  return new PluginError({ code, stage: code === "source-unreachable" ? "download" : "verify", message, pluginId, cause });
}
