/* Many calls of plugins at once, all of them making host calls: how many get through, and whether the page still draws. */
import { interleave } from "./interleave.js";
import { loadNotes, makeHostCalls, readNotes } from "./notes.js";

const PLUGINS = 8;

async function startPlugins() {
  const notes = await readNotes();
  const plugins = [];
  for (let count = 0; count < PLUGINS; count += 1) plugins.push(await loadNotes(notes));
  return {
    manies: plugins.map(({ handle }) => (count) => handle.call("many", [count])),
    dispose: () => Promise.all(plugins.map(({ host }) => host.dispose())),
  };
}

/**
 * `calls` calls of `many`, of `hostCalls` host calls each: one after another, at once on one plugin, at once on eight.
 *
 * @returns {Promise<Record<string, number[]>>} milliseconds per host call.
 */
export async function measureThroughput({ rounds, warmUp, calls, hostCalls }) {
  const { manies, dispose } = await startPlugins();
  const [one] = manies;
  const atOnce = (targets) => () => Promise.all(Array.from({ length: calls }, (_, index) => makeHostCalls(targets[index % targets.length], hostCalls)));
  const ways = {
    async inTurn() {
      for (let count = 0; count < calls; count += 1) await makeHostCalls(one, hostCalls);
    },
    atOnce: atOnce([one]),
    atOnceOverEight: atOnce(manies),
  };
  const samples = await interleave(ways, { rounds, warmUp, calls: calls * hostCalls });
  await dispose();
  return samples;
}

/**
 * Keeps `calls` calls under way for stretches of `milliseconds`, and watches the page draw.
 *
 * @returns {Promise<Record<string, { gaps: number[], longest: number[], longTasks: number[] }>>} milliseconds between two
 *   frames, all of them and the longest of each stretch, and each task of more than 50 ms, which is what the browser reports.
 */
export async function measureFrames({ rounds, warmUp, calls, hostCalls, milliseconds }) {
  const { manies, dispose } = await startPlugins();
  const loads = { idle: [], atOnce: [manies[0]], atOnceOverEight: manies };
  const found = Object.fromEntries(Object.keys(loads).map((way) => [way, { gaps: [], longest: [], longTasks: [] }]));
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const [way, targets] of Object.entries(loads)) {
      const { gaps, longTasks } = await watchFrames(milliseconds, (isOver) => keepBusy(targets, { calls, hostCalls, isOver }));
      if (round < 0) continue;
      found[way].gaps.push(...gaps);
      found[way].longest.push(Math.max(...gaps));
      found[way].longTasks.push(...longTasks);
    }
  }
  await dispose();
  return found;
}

/** As many callers as calls, each of which calls again as soon as it is answered. */
async function keepBusy(targets, { calls, hostCalls, isOver }) {
  if (targets.length === 0) return;
  await Promise.all(Array.from({ length: calls }, async (_, index) => {
    while (!isOver()) await makeHostCalls(targets[index % targets.length], hostCalls);
  }));
}

async function watchFrames(milliseconds, work) {
  const longTasks = [];
  const keep = (list) => longTasks.push(...list.getEntries().map(({ duration }) => duration));
  const observer = new PerformanceObserver((list) => keep(list));
  observer.observe({ type: "longtask" });
  let last = await nextFrame();
  const end = last + milliseconds;
  const working = work(() => last >= end);
  const gaps = [];
  while (last < end) {
    const now = await nextFrame();
    gaps.push(now - last);
    last = now;
  }
  keep({ getEntries: () => observer.takeRecords() });
  observer.disconnect();
  await working;
  return { gaps, longTasks };
}

// When the callback runs, and not the time of the frame that it is given: that is the browser's plan.
const nextFrame = () => new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now())));
