/* How long instances behind a bridge take to start, and what they take of the machine's memory. */
import { COMPONENT, openBridgeHost } from "./bridge.js";
import { fetchFile } from "./fixture.js";

/** Loads one plugin, calls it once, and puts it away. */
async function startOnce(load, runtime) {
  const started = performance.now();
  const handle = await load(runtime);
  const ready = performance.now();
  const answer = await handle.call("nextState", []);
  const answered = performance.now();
  if (answer !== 1) throw new Error(`the first call of a fresh ${runtime} instance gave ${answer}`);
  const instantiate = handle.report.phases.find(({ phase }) => phase === "instantiate")?.milliseconds ?? 0;
  await handle.dispose();
  return { total: answered - started, start: instantiate + (answered - ready) };
}

/**
 * Whether a bridge runs the runtimes: starts one instance of each, as it stands.
 *
 * @returns {Promise<Record<string, string | null>>} by runtime, why it cannot.
 */
export async function probeBridge({ bridge, runtimes }) {
  const { load, dispose } = await openBridgeHost(bridge);
  const reasons = {};
  for (const runtime of runtimes) {
    try {
      await startOnce(load, runtime);
      reasons[runtime] = null;
    } catch (error) {
      // Anything else is a failure, and not the machine's lack of a tool.
      if (error.code !== "runtime-unsupported") throw error;
      reasons[runtime] = error.message;
    }
  }
  await dispose();
  return reasons;
}

/**
 * One instance after another: of each way in `ways`, which names a bridge and a runtime, and of the component in the page.
 *
 * @returns {Promise<Record<string, { total: number, start: number }[]>>} milliseconds: from `host.load` to the first answer, and the part of it
 *   that is from the order to start an instance on.
 */
export async function measureBridgeStarts({ bridges, ways, rounds, warmUp }) {
  const hosts = new Map();
  for (const [name, bridge] of Object.entries(bridges)) hosts.set(name, await openBridgeHost(bridge));
  const all = [{ name: "component", bridge: ways[0].bridge, runtime: COMPONENT }, ...ways];
  const samples = Object.fromEntries(all.map(({ name }) => [name, []]));
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const { name, bridge, runtime, startedWarm } of round % 2 === 0 ? all : [...all].reverse()) {
      await untilAtRest();
      const before = await startedWarmOf(bridge);
      const sample = await startOnce(hosts.get(bridge).load, runtime);
      const wasWarm = (await startedWarmOf(bridge)) > before;
      if (round < 0) continue;
      if (startedWarm !== undefined && wasWarm !== startedWarm) throw new Error(`${name} was started ${wasWarm ? "from a process that stood ready" : "cold"}`);
      samples[name].push(sample);
    }
  }
  for (const { dispose } of hosts.values()) await dispose();
  return samples;
}

/**
 * Starts `instances` instances, calls each once, and leaves them alone.
 *
 * @returns {Promise<number | null>} bytes for each; `null` where the system does not tell.
 */
export async function measureBridgeMemory({ name, bridge, runtime, instances }) {
  const { load, dispose } = await openBridgeHost(bridge);
  for (let count = 0; count < instances; count += 1) await (await load(runtime)).call("nextState", []);
  await untilAtRest();
  const bytes = await (await fetchFile(`/bridge-memory?bridge=${name}`)).json();
  await dispose();
  return bytes === null ? null : bytes / instances;
}

/** Loads one plugin with what an app needs for it and no more: only what the page asks for is of interest. */
export async function measureBridgeLoad({ bridge, runtime }) {
  const { load, dispose } = await openBridgeHost(bridge);
  await startOnce(load, runtime);
  await dispose();
}

const untilAtRest = () => fetchFile("/bridges-at-rest");
const startedWarmOf = async (name) => (await fetchFile(`/bridge-started-warm?bridge=${name}`)).json();
