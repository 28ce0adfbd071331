import { installError, storeError } from "./install-error.js";
import type { InstallStore } from "./install-store.js";

/** A store whose failures are errors of this package, and whose files are bytes. */
export interface CheckedStore extends Omit<InstallStore, "readFile"> {
  /** A file's bytes, not yet digested; `undefined` where there are none. */
  readFile(sha256: string): Promise<Uint8Array | undefined>;
}

export function checkedStore(store: InstallStore): CheckedStore {
  const attempt = async <Value>(doing: string, work: () => Promise<Value>): Promise<Value> => {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, doing);
    }
  };
  return {
    name: store.name,
    readRecord: (name) => attempt("Reading the installed plugins", () => store.readRecord(name)),
    state: () => attempt("Reading the installed plugins", () => store.state()),
    update: (change) => attempt("Changing the installed plugins", () => store.update(change)),
    readFile: (sha256) => attempt("Reading a file of an installed plugin", async () => {
      const stored = await store.readFile(sha256);
      return stored instanceof Uint8Array ? stored : undefined;
    }),
    writeFile: (sha256, bytes) => attempt("Storing a file of a plugin", () => store.writeFile(sha256, bytes)),
    announce: () => store.announce?.(),
    watch: (onChanged) => store.watch?.(onChanged) ?? (() => undefined),
  };
}

/** @throws {PluginError} `usage-invalid` for what is no store. */
export function requireStore(store: InstallStore): CheckedStore {
  const given: unknown = store;
  const isStore = typeof given === "object" && given !== null && "update" in given && "name" in given && typeof given.name === "string";
  if (isStore) return checkedStore(store);
  throw installError("usage-invalid", undefined, "Cannot use the install store: give what indexedDbInstallStore or memoryInstallStore returns, or an object of that form");
}
