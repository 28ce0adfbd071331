/* One visit of a page, with and without modules in the engine's code cache. */
import { moduleCache } from "../dist/module-cache.js";
import { loadFixture, PACKAGES, readFixture } from "./fixture.js";

/** Has this page, and no other of the benchmark, controlled by a service worker that serves modules, with nothing in it. */
export async function prepareCodeCache() {
  await caches.keys().then((names) => Promise.all(names.map((name) => caches.delete(name))));
  await navigator.serviceWorker.register("/bench/modules-worker.js", { scope: "/bench/code-cache.html" });
  while (navigator.serviceWorker.controller === null) await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
}

/**
 * Loads a plugin, has it do its first work, and then works on, so that the engine optimises and has time to write its cache.
 *
 * @returns {Promise<{ load: number, work: number, from: string }>} milliseconds of the load and of the first work, and where
 *   the largest module came from.
 */
export async function visitWithCodeCache({ component, doing, isServed, work: amount, moreCalls, stay }) {
  const fixture = await readFixture(component);
  const started = performance.now();
  const { host, handle } = await loadFixture(fixture, PACKAGES, { grant: doing === "add" ? [] : ["clocks"], ...(isServed ? { moduleCache: moduleCache() } : {}) });
  const loaded = performance.now();
  const work = () => (doing === "add" ? handle.call("add", [2, 3]) : handle.call("run", [doing, [String(amount)]], { timeoutMs: 60_000 }));
  await work();
  const worked = performance.now();
  for (let count = 0; count < moreCalls; count += 1) await work();
  await new Promise((resolve) => setTimeout(resolve, stay));
  await host.dispose();
  const origins = handle.report.engineCache ?? [{ from: "bytes" }];
  const from = origins.some((origin) => origin.from === "service-worker") ? "service-worker" : origins.map(({ from: place, miss }) => `${place} ${miss ?? ""}`).join().trim();
  return { load: loaded - started, work: worked - loaded, from };
}
