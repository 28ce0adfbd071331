import { toBase64 } from "../../bytes/base64.js";
import { fromHex } from "../../bytes/hex.js";
import { sha256Hex } from "../../bytes/sha256.js";
import { timeBound } from "../../compile/time-bound.js";
import { PluginError } from "../../errors/plugin-error.js";
import { KeptModules } from "./kept-modules.js";
import { moduleUrl, probeUrl } from "./module-addresses.js";
import type { EngineCacheMiss, ModuleCache } from "./module-cache.js";

export interface ModuleCacheOptions {
  /** The least recently used modules go when their bytes exceed this. Default: 256 MiB. */
  readonly maxBytes?: number;
  /** Smaller modules are compiled at once: asking for them costs more than compiling. Default: 64 KiB. */
  readonly minBytes?: number;
  /** After this time a module is compiled from its bytes. Default: 5 000. */
  readonly timeoutMilliseconds?: number;
}

/**
 * Lets the engine keep what it compiled and optimised of plugins' modules across page loads. Engines do so only for modules
 * that come from an address, and a service worker that answers from Cache Storage counts: this page puts modules there and
 * fetches them again through the worker, under the digest of the bytes that it has verified. What does not match that digest
 * is never compiled. Whatever fails, the module is compiled from its bytes as without this; `handle.report.engineCache` says why.
 *
 * It needs a service worker that controls the page and serves modules: `portcullis/service-worker`, or `serveModules` in one of the app's own.
 *
 * @throws {PluginError} `usage-invalid` for a bound that is no number, or negative.
 *
 * @example
 * ```ts
 * await navigator.serviceWorker.register("/portcullis-service-worker.js"); // a copy of portcullis/service-worker
 * const host = new PluginHost({ sources, trust, moduleCache: moduleCache({ maxBytes: 64 * 1024 * 1024 }) });
 * ```
 */
export function moduleCache({ maxBytes = 256 * 1024 * 1024, minBytes = 64 * 1024, timeoutMilliseconds = 5_000 }: ModuleCacheOptions = {}): ModuleCache {
  checkBounds({ maxBytes, minBytes, timeoutMilliseconds });
  const kept = new KeptModules(maxBytes);
  const probe = rememberedProbe();
  const bounded = timeBound(timeoutMilliseconds);
  return {
    async compile(bytes) {
      if (bytes.length < minBytes) return { miss: "too-small" };
      if (bytes.length > maxBytes) return { miss: "too-large" };
      const abort = new AbortController();
      try {
        // Its steps say how they fail; besides, Cache Storage itself may be broken.
        return await bounded(() => compileServed(bytes, kept, probe, abort.signal).catch((): Compiled => ({ miss: "not-kept" })));
      } catch {
        abort.abort();
        return { miss: "timeout" };
      }
    },
    clear: () => kept.clear(),
  };
}

function checkBounds({ timeoutMilliseconds, ...bytes }: Required<ModuleCacheOptions>): void {
  const wrong = Object.entries({ ...bytes, timeoutMilliseconds }).find(([name, value]) => typeof value !== "number" || !(name === "timeoutMilliseconds" ? value > 0 : value >= 0));
  if (wrong === undefined) return;
  const message = `Cannot make a module cache: ${wrong[0]} is ${String(wrong[1])}. It must be a number, and not negative; a time must be more than 0`;
  throw new PluginError({ code: "usage-invalid", stage: "configure", message });
}

type Compiled = Awaited<ReturnType<ModuleCache["compile"]>>;
type Probe = (controller: ServiceWorker, scope: string, signal: AbortSignal) => Promise<boolean>;

async function compileServed(bytes: Uint8Array, kept: KeptModules, probe: Probe, signal: AbortSignal): Promise<Compiled> {
  const scope = await controllingScope();
  if ("miss" in scope) return scope;
  if (!(await probe(scope.controller, scope.url, signal))) return { miss: "not-served" };
  // Of these bytes, which were verified, and not of what anybody says of them.
  const sha256 = await sha256Hex(bytes);
  const url = moduleUrl(scope.url, sha256);
  if (!(await kept.keep(url, bytes).then(() => true, () => false))) return { miss: "not-kept" };
  try {
    return { module: await WebAssembly.compileStreaming(fetchServed(url, signal, `sha256-${toBase64(fromHex(sha256) ?? new Uint8Array())}`)) };
  } catch {
    // The browser does not tell a wrong digest from no answer.
    const found = await kept.repair(url, bytes).catch(() => "unreadable");
    return { miss: found === "intact" ? "unanswered" : found === "replaced" ? "altered" : "not-kept" };
  }
}

async function controllingScope(): Promise<{ readonly controller: ServiceWorker; readonly url: string } | { readonly miss: EngineCacheMiss }> {
  const container = globalThis.navigator?.serviceWorker as ServiceWorkerContainer | undefined;
  const isSupported = container !== undefined && typeof caches !== "undefined" && typeof WebAssembly.compileStreaming === "function" && globalThis.crypto?.subtle !== undefined;
  if (!isSupported) return { miss: "unsupported" };
  const registration = await container.getRegistration();
  const { controller } = container;
  return controller === null || registration === undefined ? { miss: "uncontrolled" } : { controller, url: registration.scope };
}

/** Asks a service worker once whether it serves modules. */
function rememberedProbe(): Probe {
  const answers = new WeakMap<ServiceWorker, Promise<boolean>>();
  return async (controller, scope, signal) => {
    const asked = answers.get(controller) ?? fetchServed(probeUrl(scope), signal).then(async (response) => response.ok && (await response.text()) === "1");
    answers.set(controller, asked);
    try {
      return await asked;
    } catch {
      answers.delete(controller);
      return false;
    }
  };
}

/** Asks the service worker and nobody else: what it leaves to the network is not sent. An empty `integrity` checks nothing. */
function fetchServed(url: string, signal: AbortSignal, integrity = ""): Promise<Response> {
  return fetch(url, { integrity, signal, mode: "same-origin", cache: "only-if-cached", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
}
