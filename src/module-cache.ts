/* The entry `portcullis/module-cache`: apart, for apps with a service worker. */
export type { EngineCacheMiss, ModuleCache, ModuleOrigin } from "./runtime/module-cache/module-cache.js";
export { moduleCache, type ModuleCacheOptions } from "./runtime/module-cache/service-worker-modules.js";
