/* What deadlines, kills and instances cost. */
import { loadFixture, PACKAGES, readFixture } from "./fixture.js";
import { interleave } from "./interleave.js";

/**
 * Calls that never end, and the first call after each.
 *
 * @returns {Promise<{ overshoot: number[], timer: number[], recovery: number[], callAfter: number[], longTasks: number[] }>} milliseconds:
 *   from a deadline to the call's error, the same of a bare timer, from the error to the next answer, of another call then, and each
 *   task of more than 50 ms meanwhile.
 */
export async function measureDeadlines({ rounds, warmUp, milliseconds }) {
  const { host, handle } = await loadFixture(await readFixture("loop"), PACKAGES);
  const samples = { overshoot: [], timer: [], recovery: [], callAfter: [], longTasks: [] };
  const observer = new PerformanceObserver((list) => samples.longTasks.push(...list.getEntries().map(({ duration }) => duration)));
  observer.observe({ type: "longtask" });
  for (let round = -warmUp; round < rounds; round += 1) {
    const timer = await elapsed(() => new Promise((resolve) => setTimeout(resolve, milliseconds)));
    const late = await elapsed(() => handle.call("forever", [], { timeoutMs: milliseconds }).catch(expectCode("timeout")));
    const recovery = await elapsed(() => handle.call("add", [1, 2]));
    const callAfter = await elapsed(() => handle.call("add", [1, 2]));
    if (round < 0) continue;
    samples.timer.push(timer - milliseconds);
    samples.overshoot.push(late - milliseconds);
    samples.recovery.push(recovery);
    samples.callAfter.push(callAfter);
  }
  observer.disconnect();
  await host.dispose();
  return samples;
}

/**
 * `calls` calls at once, each of which computes for `work` rounds, on plugins of one instance and of several.
 *
 * @returns {Promise<Record<string, number[]>>} milliseconds per call, by number of instances.
 */
export async function measureInstances({ rounds, warmUp, calls, work, counts }) {
  const fixture = await readFixture("loop");
  const { host, handle } = await loadFixture(fixture, PACKAGES);
  const handles = new Map([[1, handle]]);
  for (const count of counts.slice(1)) handles.set(count, await host.load(fixture.id, fixture.descriptor, { instances: { count } }));
  const ways = Object.fromEntries(counts.map((count) => [
    String(count),
    () => Promise.all(Array.from({ length: calls }, () => handles.get(count).call("work", [BigInt(work)]))),
  ]));
  const samples = await interleave(ways, { rounds, warmUp, calls });
  await host.dispose();
  return samples;
}

/**
 * Loads one plugin again and again, and calls each once.
 *
 * @returns {Promise<{ times: number[], bytesPerPlugin: number | null }>} milliseconds of every load with its first call, and what
 *   each takes of the memory of all the browser's processes; `null` where the system does not tell.
 *   (`measureUserAgentSpecificMemory` would be the browser's own word, and ends Chromium 156 in a page with `data:` workers.)
 */
export async function measureStarts({ plugins }) {
  const fixture = await readFixture("small-c");
  // All of them stay: none is put away to make room.
  const { host, handle } = await loadFixture(fixture, PACKAGES, { limits: { linearMemories: plugins + 10 } });
  await handle.call("add", [1, 2]);
  const before = await memoryBytes();
  const times = [];
  for (let count = 1; count < plugins; count += 1) {
    times.push(await elapsed(async () => (await host.load(fixture.id, fixture.descriptor)).call("add", [1, 2])));
  }
  const after = await memoryBytes();
  await host.dispose();
  return { times, bytesPerPlugin: before === null || after === null ? null : (after - before) / (plugins - 1) };
}

const memoryBytes = async () => (await fetch("/memory")).json();

async function elapsed(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const expectCode = (code) => (error) => {
  if (error.code !== code) throw error;
};
