/* Streams of a plugin behind a bridge, and of the component in the page, in three directions. */
import { loadFidius } from "../dist/fidius.js";
import { messageSizes, openBareSocket } from "./bare-socket.js";
import { COMPONENT, CONFIG, KNOWN, openBridgeHost } from "./bridge.js";
import { interleave } from "./interleave.js";

function* numbers(count) {
  for (let number = 0; number < count; number += 1) yield BigInt(number);
}

function* words(count) {
  for (let number = 0; number < count; number += 1) yield "word";
}

function expect(found, wanted) {
  if (found !== wanted) throw new Error(`${found} came through, and not ${wanted}`);
}

async function countOf(stream, most) {
  let count = 0;
  for await (const _ of stream) {
    count += 1;
    if (count === most) break;
  }
  return count;
}

/** A stream of `items` items each, and as many calls of one function beside them. */
function waysOf(plugin, items) {
  return {
    Calls: async () => {
      for (let count = 0; count < items; count += 1) await plugin.handle.call("dropped", []);
    },
    Produced: async () => expect(await countOf(plugin.stream("count", [0n, undefined]), items), items),
    Consumed: async () => expect(await plugin.callWithInput("sum", [1n], { input: { items: numbers(items), type: "u64" } }), BigInt((items * (items - 1)) / 2)),
    Both: async () => expect(await countOf(plugin.stream("shout", [], { input: { items: words(items), type: "string" } })), items),
  };
}

/**
 * @returns {Promise<Record<string, number[]>>} milliseconds per item, per call for `…Calls`, and per round trip of a bare socket.
 */
export async function measureBridgeStreams({ bridge, echo, runtimes, rounds, warmUp, items }) {
  const { host, descriptor, dispose } = await openBridgeHost(bridge);
  const plugins = new Map();
  // Each is an app's own load: an input belongs to one plugin.
  for (const runtime of [COMPONENT, ...runtimes]) {
    plugins.set(runtime, await loadFidius(host, `fixture.conformance-${runtime}`, descriptor, { ...KNOWN, config: CONFIG }));
  }
  const ticking = await plugins.get(runtimes[0]).handle.call("count", [0n, undefined]);
  const bare = await openBareSocket(echo, await messageSizes(() => ticking.call("next", [])));
  await ticking.dispose();
  const ways = {
    bareSocket: async () => {
      for (let count = 0; count < items; count += 1) await bare.roundTrip();
    },
  };
  for (const [runtime, plugin] of plugins) for (const [name, way] of Object.entries(waysOf(plugin, items))) ways[`${runtime}${name}`] = way;
  const samples = await interleave(ways, { rounds, warmUp, calls: items });
  bare.close();
  await dispose();
  return samples;
}
