/* Calls behind a bridge, against a bare WebSocket that carries the same bytes, and against the component in the page. */
import { messageSizes, openBareSocket } from "./bare-socket.js";
import { COMPONENT, loadAll, openBridgeHost } from "./bridge.js";
import { interleave } from "./interleave.js";

const TEXT = "Ada Lovelace";

async function echoText(handle) {
  if ((await handle.call("echoText", [TEXT])) !== TEXT) throw new Error("a text came back changed");
}

async function repeat(times, work) {
  for (let count = 0; count < times; count += 1) await work();
}

const atOnce = (times, work) => Promise.all(Array.from({ length: times }, (_, index) => work(index)));

/** The plugins, and a bare socket whose messages are as long as those of `callOf` a plugin. */
async function openAll({ bridge, echo, runtimes }, callOf) {
  const host = await openBridgeHost(bridge);
  const handles = await loadAll(host, runtimes);
  const sizes = await messageSizes(() => callOf(handles.get(runtimes[0])));
  const bare = await openBareSocket(echo, sizes);
  return {
    host, handles, sizes, bare,
    async dispose() {
      bare.close();
      await host.dispose();
    },
  };
}

const mapWays = (handles, wayOf) => Object.fromEntries([...handles].map(([runtime, handle]) => [runtime, wayOf(handle)]));

/**
 * `echoText`, in batches of `calls`.
 *
 * @returns {Promise<{ samples: Record<string, number[]>, sizes: { sent: number, received: number } }>} milliseconds per call, and bytes of its messages.
 */
export async function measureBridgeCalls({ rounds, warmUp, calls, ...places }) {
  const { handles, sizes, bare, dispose } = await openAll(places, echoText);
  const ways = { bareSocket: () => repeat(calls, bare.roundTrip), ...mapWays(handles, (handle) => () => repeat(calls, () => echoText(handle))) };
  const samples = await interleave(ways, { rounds, warmUp, calls });
  await dispose();
  return { samples, sizes };
}

/** `reverse`, the caller keeping its buffer. Without `bincode` around them: fidius's raw bytes. */
export async function measureBridgeEchoes({ bytes, rounds, warmUp, ...places }) {
  const data = new Uint8Array(bytes);
  for (let index = 0; index < bytes; index += 4_093) data[index] = index % 251;
  const last = Math.floor((bytes - 1) / 4_093) * 4_093;
  const reverse = async (handle) => {
    const answer = await handle.call("reverse", [data]);
    if (answer.length !== bytes || answer[bytes - 1 - last] !== last % 251) throw new Error("the bytes came back changed");
  };
  const { handles, sizes, bare, dispose } = await openAll(places, reverse);
  const samples = await interleave({ bareSocket: bare.roundTrip, ...mapWays(handles, (handle) => () => reverse(handle)) }, { rounds, warmUp });
  await dispose();
  return { samples, sizes };
}

/** `calls` calls of `echoText`: one after another, at once on one instance, and at once over two. */
export async function measureBridgeThroughput({ rounds, warmUp, calls, ...places }) {
  const { host, handles, sizes, bare, dispose } = await openAll(places, echoText);
  const pairs = await loadAll(host, places.runtimes, { instances: { count: 2 } });
  const ways = { bareSocketInTurn: () => repeat(calls, bare.roundTrip), bareSocketAtOnce: () => atOnce(calls, bare.roundTrip) };
  for (const runtime of [COMPONENT, ...places.runtimes]) {
    const [one, two] = [handles.get(runtime), pairs.get(runtime)];
    ways[`${runtime}InTurn`] = () => repeat(calls, () => echoText(one));
    ways[`${runtime}AtOnce`] = () => atOnce(calls, () => echoText(one));
    ways[`${runtime}OverTwo`] = () => atOnce(calls, () => echoText(two));
  }
  const samples = await interleave(ways, { rounds, warmUp, calls });
  await dispose();
  return { samples, sizes };
}
