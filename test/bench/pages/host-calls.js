/* Calls that a plugin makes of a function of the app: what our layer adds to the way from the worker to the page and back. */
import { only, SANDBOXES } from "./fixture.js";
import { startHostCallBaselines } from "./host-call-baselines.js";
import { interleave } from "./interleave.js";
import { IMPLEMENTATIONS, loadNotes, makeHostCalls, readNotes } from "./notes.js";

// The clock of an ordinary page has steps of 100 µs, which is what one call takes.
const EMPTY_CALLS = 10;

/**
 * One sample is one call of the guest that makes `calls` host calls, without what such a call costs that makes none.
 *
 * @returns {Promise<Record<string, number[]>>} milliseconds per host call.
 */
export async function measureHostCalls({ rounds, warmUp, calls }) {
  const { host, handle, implement } = await loadNotes(await readNotes());
  const { inWorker, roundTrip } = await startHostCallBaselines();
  const portcullis = (implementation) => (count) => {
    implement(implementation);
    return handle.call("many", [count]);
  };
  const ways = { synchronous: portcullis(IMPLEMENTATIONS.synchronous), asynchronous: portcullis(IMPLEMENTATIONS.asynchronous), roundTrip, inWorker };
  const samples = await sampleHostCalls(ways, { rounds, warmUp, calls });
  await host.dispose();
  return samples;
}

/** The same for one host call in each sandbox, the app answering at once. */
export async function measureRealmHostCalls({ rounds, warmUp, calls }) {
  const notes = await readNotes();
  const started = new Map();
  for (const sandbox of SANDBOXES) started.set(sandbox, await loadNotes(notes, only(sandbox)));
  const ways = Object.fromEntries([...started].map(([sandbox, { handle }]) => [sandbox, (count) => handle.call("many", [count])]));
  const samples = await sampleHostCalls(ways, { rounds, warmUp, calls });
  await Promise.all([...started.values()].map(({ host }) => host.dispose()));
  return samples;
}

async function sampleHostCalls(ways, { rounds, warmUp, calls }) {
  const full = (many) => () => makeHostCalls(many, calls);
  const empty = (many) => async () => {
    for (let count = 0; count < EMPTY_CALLS; count += 1) await makeHostCalls(many, 0);
  };
  const named = (suffix, work) => Object.entries(ways).map(([way, many]) => [way + suffix, work(many)]);
  const samples = await interleave(Object.fromEntries([...named("", full), ...named(" empty", empty)]), { rounds, warmUp });
  return Object.fromEntries(Object.keys(ways).map((way) => {
    const overhead = middle(samples[`${way} empty`]) / EMPTY_CALLS;
    return [way, samples[way].map((elapsed) => (elapsed - overhead) / calls)];
  }));
}

function middle(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}
