import { randomName } from "./install-locks.js";
import type { InstallState, InstallStore } from "./install-store.js";

/**
 * Keeps installed plugins until the page is left: for tests, and for apps that must leave nothing behind.
 *
 * @example `const store = memoryInstallStore();`
 */
export function memoryInstallStore(): InstallStore {
  const records = new Map<string, unknown>();
  const files = new Map<string, Uint8Array>();
  const watchers = new Set<() => void>();
  const state = (): InstallState => ({ records: structuredClone(records), files: new Set(files.keys()) });
  return {
    name: `memory:${randomName()}`,
    readRecord: async (name) => structuredClone(records.get(name)),
    state: async () => state(),
    async update(change) {
      const { put = new Map<string, unknown>(), delete: names = [], deleteFiles = [] } = change(state());
      // Copied before anything changes: what cannot be copied must not leave half a change.
      const copies = structuredClone(new Map(put));
      for (const [name, record] of copies) records.set(name, record);
      for (const name of names) records.delete(name);
      for (const sha256 of deleteFiles) files.delete(sha256);
    },
    readFile: async (sha256) => files.get(sha256)?.slice(),
    writeFile: async (sha256, bytes) => void files.set(sha256, bytes.slice()),
    announce() {
      for (const watcher of watchers) watcher();
    },
    watch(onChanged) {
      watchers.add(onChanged);
      return () => watchers.delete(onChanged);
    },
  };
}
