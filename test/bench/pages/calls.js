/* A small call, one after another: what our layer adds to the way between page and worker. */
import { startBaselines } from "./baselines.js";
import { loadFixture, PACKAGES, readFixture } from "./fixture.js";
import { interleave } from "./interleave.js";

export async function measureCalls({ rounds, warmUp, calls }) {
  if (!crossOriginIsolated) throw new Error("the clock of this page is too coarse");
  const { host, handle } = await loadFixture(await readFixture("small-c"), PACKAGES);
  const { comlink, post } = await startBaselines();
  const batch = (call) => async () => {
    for (let count = 0; count < calls; count += 1) {
      if ((await call(count)) !== count + 7) throw new Error("a sum is wrong");
    }
  };
  const ways = {
    portcullis: batch((count) => handle.call("add", [count, 7])),
    comlink: batch((count) => comlink.add(count, 7)),
    postMessage: batch((count) => post("add", [count, 7])),
  };
  const samples = await interleave(ways, { rounds, warmUp, calls });
  await host.dispose();
  return samples;
}
