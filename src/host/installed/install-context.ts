import type { PluginLimits } from "../../limits/plugin-limits.js";
import type { TrustPolicy } from "../../trust/trust-policy.js";
import type { CheckedStore } from "./checked-store.js";
import type { PluginDataPlaces } from "./plugin-data.js";

/** What the operations of one installer share. */
export interface InstallContext {
  readonly store: CheckedStore;
  readonly trust: TrustPolicy;
  readonly limits: PluginLimits;
  readonly data: PluginDataPlaces;
  /** Tells the app of what failed without failing its operation. */
  readonly report: (error: unknown) => void;
}

/** What an installation is doing. */
export type InstallProgress =
  | { readonly phase: "resolve" }
  /** A file arrives from the source. */
  | { readonly phase: "download"; readonly file: string; readonly loadedBytes: number; readonly totalBytes: number | undefined }
  /** A file was checked and stored: bytes of the whole package. */
  | { readonly phase: "store"; readonly file: string; readonly storedBytes: number; readonly totalBytes: number }
  /** All files are there, and the new version takes over. */
  | { readonly phase: "switch" };
