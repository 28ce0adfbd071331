/* Streams in three directions: items and bytes that a plugin makes, reads from the app, and passes on. */
import { defineHostInterface, defineInterface, hostInterface } from "../dist/index.js";
import { fetchFile, loadFixture, PACKAGES, readFixture, readManifest } from "./fixture.js";
import { interleave } from "./interleave.js";

const SOURCES = "probe:streams/sources@1.0.0";
const CHUNK = 65_536;

const unused = () => {
  throw new Error("only numbers and chunks are measured");
};

function* numbers(count) {
  for (let number = 0; number < count; number += 1) yield number;
}

function* chunks(total) {
  for (let left = total; left > 0; left -= CHUNK) yield new Uint8Array(Math.min(CHUNK, left));
}

async function loadPumps({ items, bytes }) {
  const [fixture, { world }, descriptor] = await Promise.all([
    readFixture("pumps-rust"), readManifest("pumps-rust"), (await fetchFile("/packages/descriptors/pumps-rust.json")).json(),
  ]);
  const implementation = { openNumbers: () => numbers(items), openChunks: () => chunks(bytes), openMeter: unused };
  const imports = [hostInterface(defineHostInterface({ name: SOURCES, world }), implementation, { documentation: "Streams to read" })];
  // With what the app offers, so that its objects can be arguments.
  return loadFixture({ ...fixture, descriptor: defineInterface({ ...descriptor, world }) }, PACKAGES, { imports, grant: [`host:${SOURCES}`] });
}

/**
 * `items` items and `bytes` bytes in each direction, and as many calls of one function beside them.
 *
 * @returns {Promise<Record<string, number[]>>} milliseconds per item, per MiB for `…Bytes`, and per call.
 */
export async function measureStreams({ rounds, warmUp, items, bytes }) {
  const producer = await loadFixture(await readFixture("streams-rust"), PACKAGES);
  const pumps = await loadPumps({ items, bytes });
  const expect = (found, wanted) => {
    if (found !== wanted) throw new Error(`${found} came through, and not ${wanted}`);
  };
  const count = async (stream, lengthOf) => {
    let total = 0;
    for await (const item of stream) total += lengthOf(item);
    return total;
  };
  const itemWays = {
    calls: async () => {
      for (let made = 0; made < items; made += 1) await producer.handle.call("live", []);
    },
    produced: async () => expect(await count(await producer.handle.call("ticks", [BigInt(items)]), () => 1), items),
    consumed: async () => expect(await pumps.handle.call("collectNamed", ["all"]), BigInt((items * (items - 1)) / 2)),
    both: async () => expect(await count(await pumps.handle.call("pump", [numbers(items)]), () => 1), items),
  };
  const byteWays = {
    producedBytes: async () => expect(await count(await producer.handle.call("bytes", [BigInt(bytes), CHUNK]), ({ length }) => length), bytes),
    consumedBytes: async () => expect((await pumps.handle.call("measureNamed", ["all"]))[0], BigInt(bytes)),
    bothBytes: async () => expect(await count(await pumps.handle.call("copy", [chunks(bytes)]), ({ length }) => length), bytes),
  };
  const perItem = await interleave(itemWays, { rounds, warmUp, calls: items });
  const perMebibyte = await interleave(byteWays, { rounds, warmUp, calls: bytes / 2 ** 20 });
  await Promise.all([producer.host.dispose(), pumps.host.dispose()]);
  return { ...perItem, ...perMebibyte };
}
