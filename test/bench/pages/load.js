/* One load of a plugin in a fresh page, from `host.load` to the answer of the first call. */
import { COMPONENTS_ONLY, loadFixture, only, PACKAGES, readFixture } from "./fixture.js";
import { untilStored } from "./stored-code.js";

/**
 * @param {object} job
 * @param {string} job.component
 * @param {"packages" | "components-only"} job.registry
 * @param {string | undefined} job.prime - a component that is transpiled first, so that the transpiler is in the page.
 * @param {string | undefined} job.sandbox - the one sandbox to use; anything else is another measurement as well.
 * @param {string} job.code - where the code must come from; anything else is another measurement.
 */
export async function measureLoad({ component, registry, prime, sandbox, code }) {
  if (prime !== undefined) await transpileFirst(prime);
  const fixture = await readFixture(component);
  const options = sandbox === undefined ? {} : only(sandbox);
  const started = performance.now();
  const { host, handle } = await loadFixture(fixture, registry === "packages" ? PACKAGES : COMPONENTS_ONLY, options);
  const ready = performance.now();
  const sum = await handle.call("add", [2, 3]);
  const answered = performance.now();
  const { report } = handle;
  if (sum !== 5) throw new Error(`${component} says that 2 + 3 is ${sum}`);
  if (sandbox !== undefined && report.sandbox !== sandbox) throw new Error(`the sandbox is ${report.sandbox} and not ${sandbox}`);
  if (report.code !== code) throw new Error(`the code came from ${report.code} (${JSON.stringify(report.cache)}) and not from ${code}`);
  if (code !== "cache") await untilStored();
  await host.dispose();
  const phases = Object.fromEntries(report.phases.map(({ phase, milliseconds }) => [phase, milliseconds]));
  return { total: answered - started, load: ready - started, firstCall: answered - ready, phases, cache: report.cache };
}

/** A load of the plugin with a function of the app, and its first host call: only what it asks for is of interest. */
export async function measureNotesLoad({ code }) {
  const { loadNotes, makeHostCalls, readNotes } = await import("./notes.js");
  const { host, handle } = await loadNotes(await readNotes());
  await makeHostCalls((count) => handle.call("many", [count]), 1);
  if (handle.report.code !== code) throw new Error(`the code came from ${handle.report.code} and not from ${code}`);
  if (code !== "cache") await untilStored();
  await host.dispose();
}

async function transpileFirst(component) {
  const { host, handle } = await loadFixture(await readFixture(component), COMPONENTS_ONLY, { cache: null });
  if (handle.report.code !== "transpiled") throw new Error(`priming with ${component} did not transpile`);
  await host.dispose();
}
