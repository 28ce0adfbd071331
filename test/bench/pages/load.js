/* One load of a plugin in a fresh page, from `host.load` to the answer of the first call. */
import { COMPONENTS_ONLY, loadFixture, PACKAGES, readFixture } from "./fixture.js";
import { untilStored } from "./stored-code.js";

/**
 * @param {object} job
 * @param {string} job.component
 * @param {"packages" | "components-only"} job.registry
 * @param {string | undefined} job.prime - a component that is transpiled first, so that the transpiler is in the page.
 * @param {string} job.code - where the code must come from; anything else is another measurement.
 */
export async function measureLoad({ component, registry, prime, code }) {
  if (prime !== undefined) await transpileFirst(prime);
  const fixture = await readFixture(component);
  const started = performance.now();
  const { host, handle } = await loadFixture(fixture, registry === "packages" ? PACKAGES : COMPONENTS_ONLY);
  const ready = performance.now();
  const sum = await handle.call("add", [2, 3]);
  const answered = performance.now();
  const { report } = handle;
  if (sum !== 5) throw new Error(`${component} says that 2 + 3 is ${sum}`);
  if (report.code !== code) throw new Error(`the code came from ${report.code} (${JSON.stringify(report.cache)}) and not from ${code}`);
  if (code !== "cache") await untilStored();
  await host.dispose();
  const phases = Object.fromEntries(report.phases.map(({ phase, milliseconds }) => [phase, milliseconds]));
  return { total: answered - started, load: ready - started, firstCall: answered - ready, phases, cache: report.cache };
}

async function transpileFirst(component) {
  const { host, handle } = await loadFixture(await readFixture(component), COMPONENTS_ONLY, { cache: null });
  if (handle.report.code !== "transpiled") throw new Error(`priming with ${component} did not transpile`);
  await host.dispose();
}
