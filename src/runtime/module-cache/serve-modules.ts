import { addressKind, MODULES } from "./module-addresses.js";

/** What is used of a service worker's request event. */
export interface ModuleRequestEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
  stopImmediatePropagation(): void;
}

/** What is used of a service worker's global scope. */
export interface ModuleServingScope {
  readonly registration: { readonly scope: string };
  readonly caches: CacheStorage;
  addEventListener(type: "fetch", listener: (event: ModuleRequestEvent) => void): void;
}

/**
 * Makes a service worker answer for the modules that `moduleCache` keeps: GET requests below `.portcullis/modules/` in its
 * scope, and no others. Nothing else of the worker changes, its installing and activating neither. What it answers is only
 * a hint: the page holds every answer against a digest.
 *
 * @param scope - the service worker's `self`. Call this while the worker's script runs, before it listens to `fetch` itself.
 *
 * @example
 * ```ts
 * import { serveModules } from "portcullis/serve-modules";
 * serveModules(self);
 * ```
 */
export function serveModules(scope: ModuleServingScope): void {
  scope.addEventListener("fetch", (event) => {
    const { method, url } = event.request;
    const kind = method === "GET" ? addressKind(url, scope.registration.scope) : undefined;
    if (kind === undefined) return;
    // Another listener that answers as well would make both fail.
    event.stopImmediatePropagation();
    event.respondWith(kind === "probe" ? Promise.resolve(new Response("1")) : answer(scope.caches, url));
  });
}

async function answer(caches: CacheStorage, url: string): Promise<Response> {
  const cache = await caches.open(MODULES);
  // Passed on as it is: the engine finds its compiled code by this very entry, and by no copy of it.
  return (await cache.match(url)) ?? new Response(null, { status: 404 });
}
