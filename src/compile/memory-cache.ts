import type { CompileCache } from "./compile-cache.js";

/**
 * A cache that lasts as long as the page: for tests, and for apps that must leave nothing behind.
 *
 * @param maxBytes the least recently used components go when their sizes exceed this. Default: 64 MiB.
 */
export function memoryCache(maxBytes = 64 * 1024 * 1024): CompileCache {
  const store = import("./memory-cache-store.js").then(({ createMemoryStore }) => createMemoryStore(maxBytes));
  // Whoever uses the cache meets the failure.
  store.catch(() => undefined);
  return {
    read: async (key, provenance) => (await store).read(key, provenance),
    write: async (component, provenance) => (await store).write(component, provenance),
    forget: async (wasmSha256) => (await store).forget?.(wasmSha256),
    clear: async () => (await store).clear(),
  };
}
