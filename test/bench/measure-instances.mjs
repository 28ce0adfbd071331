/** The part of a run about deadlines, kills, instances and streams. */
import { summarize } from "./statistics.mjs";

/** @typedef {import("./statistics.mjs").Summary} Summary */
/** @typedef {(job: import("./server.mjs").Job) => Promise<any>} RunJob */

/**
 * @typedef {object} InstanceSettings
 * @property {{ readonly rounds: number, readonly warmUp: number, readonly milliseconds: number }} deadlines
 * @property {{ readonly rounds: number, readonly warmUp: number, readonly calls: number, readonly work: number, readonly counts: readonly number[] }} instances
 * @property {{ readonly rounds: number, readonly warmUp: number, readonly items: number, readonly bytes: number }} streams
 * @property {{ readonly pages: number, readonly plugins: number }} starts Each page loads so many plugins.
 */

/** @type {InstanceSettings} */
export const INSTANCE_SETTINGS = {
  deadlines: { rounds: 60, warmUp: 3, milliseconds: 100 },
  instances: { rounds: 20, warmUp: 3, calls: 64, work: 3_000_000, counts: [1, 4, 16] },
  streams: { rounds: 20, warmUp: 3, items: 1_000, bytes: 16 * 2 ** 20 },
  starts: { pages: 5, plugins: 100 },
};

/** @type {InstanceSettings} for a look at whether everything works */
export const QUICK_INSTANCE_SETTINGS = {
  deadlines: { rounds: 4, warmUp: 1, milliseconds: 100 },
  instances: { rounds: 2, warmUp: 1, calls: 32, work: 1_000_000, counts: [1, 4, 16] },
  streams: { rounds: 2, warmUp: 1, items: 200, bytes: 4 * 2 ** 20 },
  starts: { pages: 1, plugins: 100 },
};

/**
 * @param {RunJob} run
 * @param {InstanceSettings} settings
 */
export async function measureInstances(run, { deadlines, instances, streams, starts }) {
  const { longTasks, ...stopped } = await run({ kind: "deadlines", ...deadlines });
  const throughput = await run({ kind: "instances", ...instances });
  const streamed = summaries(await run({ kind: "streams", ...streams }));
  const pages = [];
  for (let count = 0; count < starts.pages; count += 1) pages.push(await run({ kind: "starts", ...starts }));
  return {
    deadlines: { ...summaries(stopped), longTasks: { n: longTasks.length, longest: Math.max(0, ...longTasks) } },
    throughput: summaries(throughput),
    streams: streamed,
    starts: {
      second: summarize(pages.map(({ times }) => times[0])),
      last: summarize(pages.map(({ times }) => times.at(-1))),
      bytesPerPlugin: pages[0].bytesPerPlugin === null ? null : summarize(pages.map(({ bytesPerPlugin }) => bytesPerPlugin)),
    },
  };
}

/** @param {Record<string, number[]>} samples */
const summaries = (samples) => Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, summarize(values)]));
