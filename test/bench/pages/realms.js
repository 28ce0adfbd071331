/* The three sandboxes with the same plugin. */
import { copying } from "./echoes.js";
import { loadFixture, only, PACKAGES, readFixture, SANDBOXES } from "./fixture.js";
import { interleave } from "./interleave.js";

async function startAll() {
  const fixture = await readFixture("small-c");
  const started = new Map();
  for (const sandbox of SANDBOXES) started.set(sandbox, await loadFixture(fixture, PACKAGES, only(sandbox)));
  const ways = (wayOf) => Object.fromEntries([...started].map(([sandbox, { handle }]) => [sandbox, wayOf(handle)]));
  return { ways, dispose: () => Promise.all([...started.values()].map(({ host }) => host.dispose())) };
}

/** `add`, in batches of `calls`. */
export async function measureRealmCalls({ rounds, warmUp, calls }) {
  const { ways, dispose } = await startAll();
  const batch = (handle) => async () => {
    for (let count = 0; count < calls; count += 1) {
      if ((await handle.call("add", [count, 7])) !== count + 7) throw new Error("a sum is wrong");
    }
  };
  const samples = await interleave(ways(batch), { rounds, warmUp, calls });
  await dispose();
  return samples;
}

/** `echo`, the caller keeping its buffer. */
export async function measureRealmEchoes({ bytes, rounds, warmUp }) {
  const { ways, dispose } = await startAll();
  const samples = await interleave(ways((handle) => copying(bytes, (data) => handle.call("echo", [data]))), { rounds, warmUp });
  await dispose();
  return samples;
}
