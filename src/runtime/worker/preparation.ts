import type { CompileCache } from "../../compile/compile-cache.js";
import type { CompileTarget } from "../../compile/compile-key.js";
import type { Manifest } from "../../package/manifest.js";
import type { HostCallTransport } from "../../rpc/messages.js";
import type { ModuleCache } from "../module-cache/module-cache.js";
import type { ModuleTable } from "./module-table.js";

/** What getting a plugin's code needs of the page. */
export interface PrepareSurroundings {
  readonly cache: CompileCache | null;
  readonly modules: ModuleTable;
  /** Where the app keeps modules for the engine, if it does. */
  readonly moduleCache: ModuleCache | undefined;
  /** How a plugin that was granted something on the page calls it. Throws `host-calls-unavailable` where it cannot. */
  readonly hostCallTransport: (manifest: Manifest) => Promise<HostCallTransport["kind"]>;
  /** Transpiles in a disposable worker. */
  readonly transpile: (component: Uint8Array, manifest: Manifest, target: CompileTarget, signal: AbortSignal) => Promise<CodeFiles>;
}

/** Transpiled code before its digests are known. */
export interface CodeFiles {
  readonly glue: string;
  readonly coreModules: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}
