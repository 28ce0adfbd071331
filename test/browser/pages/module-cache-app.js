/* Page side of the specs of the engine's code cache. */
import { moduleCache } from "../dist/module-cache.js";

/** Host options with the cache. */
export const withModuleCache = (_portcullis, options) => ({ moduleCache: moduleCache(options) });

/** Registers a service worker beside this module and waits until it controls the page. */
export async function control(script, type) {
  await navigator.serviceWorker.register(new URL(script, import.meta.url), { type });
  while (navigator.serviceWorker.controller === null) await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
}

/** What requests the service worker left to others. */
export async function passedRequests() {
  const { port1, port2 } = new MessageChannel();
  const answered = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
  navigator.serviceWorker.controller.postMessage("passed", [port2]);
  return answered;
}

const CACHES = ["portcullis-modules", "portcullis-modules-usage"];

/** The modules that are kept: names, and what they really are. */
export async function keptModules() {
  const cache = await caches.open(CACHES[0]);
  const kept = [];
  for (const request of await cache.keys()) {
    const bytes = await (await cache.match(request)).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    kept.push({ url: request.url, bytes: bytes.byteLength, sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") });
  }
  return kept;
}

/** The addresses of which the use is recorded. */
export async function usedModules() {
  return (await (await caches.open(CACHES[1])).keys()).map(({ url }) => url);
}

const changed = (bytes, position) => bytes.map((byte, index) => (index === position ? byte ^ 1 : byte));
const wasm = (body, init = {}) => new Response(body, { headers: { "content-type": "application/wasm" }, ...init });

/** What another script of the origin can put in place of a module. */
const ALTERATIONS = {
  lastByte: (bytes) => wasm(changed(bytes, bytes.length - 1)),
  middleByte: (bytes) => wasm(changed(bytes, bytes.length >> 1)),
  cut: (bytes) => wasm(bytes.subarray(0, bytes.length - 1)),
  longer: (bytes) => wasm(new Blob([bytes, new Uint8Array(4)])),
  empty: () => wasm(null),
  // A module that any engine takes, with nothing in it.
  otherModule: () => wasm(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)),
  notFound: (bytes) => wasm(bytes, { status: 404 }),
  otherType: (bytes) => wasm(bytes, { headers: { "content-type": "text/html" } }),
};

/** Puts something else in place of every kept module. */
export async function alterModules(alteration) {
  const cache = await caches.open(CACHES[0]);
  for (const request of await cache.keys()) {
    const bytes = new Uint8Array(await (await cache.match(request)).arrayBuffer());
    await cache.put(request, ALTERATIONS[alteration](bytes));
  }
}

/** Puts every module at the address of the next. */
export async function swapModules() {
  const cache = await caches.open(CACHES[0]);
  const requests = await cache.keys();
  const bodies = await Promise.all(requests.map(async (request) => (await cache.match(request)).arrayBuffer()));
  for (const [index, request] of requests.entries()) await cache.put(request, wasm(bodies[(index + 1) % bodies.length]));
}
