/* Bytes there and back. "copy" leaves the caller its buffer, "move" gives it away and takes the answer's for the next. */
import { startBaselines } from "./baselines.js";
import { loadFixture, PACKAGES, readFixture } from "./fixture.js";
import { interleave } from "./interleave.js";

export async function measureEchoes({ bytes, rounds, warmUp }) {
  const { host, handle } = await loadFixture(await readFixture("small-c"), PACKAGES);
  const { comlink, Comlink, post } = await startBaselines();
  const ways = {
    portcullisCopy: copying(bytes, (data) => handle.call("echo", [data])),
    comlinkCopy: copying(bytes, (data) => comlink.echo(data)),
    postMessageCopy: copying(bytes, (data) => post("echo", [data])),
    portcullisMove: moving(bytes, (data) => handle.call("echo", [data], { transfer: [data.buffer] })),
    comlinkMove: moving(bytes, (data) => comlink.echoTransfer(Comlink.transfer(data, [data.buffer]))),
    postMessageMove: moving(bytes, (data) => post("echo", [data], [data.buffer])),
  };
  const samples = await interleave(ways, { rounds, warmUp });
  await host.dispose();
  return samples;
}

function pattern(bytes) {
  const data = new Uint8Array(bytes);
  for (let index = 0; index < bytes; index += 4_093) data[index] = index % 251;
  return data;
}

function check(answer, bytes) {
  const last = Math.floor((bytes - 1) / 4_093) * 4_093;
  if (answer.length !== bytes || answer[last] !== last % 251) throw new Error("the bytes came back changed");
}

/** One way to send bytes there and back, checked. */
export function copying(bytes, echo) {
  const data = pattern(bytes);
  return async () => check(await echo(data), bytes);
}

function moving(bytes, echo) {
  let data = pattern(bytes);
  return async () => {
    data = await echo(data);
    check(data, bytes);
  };
}
