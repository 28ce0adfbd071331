import { closeSync, readSync, writeSync } from "node:fs";
import * as koffi from "koffi";
import { expect, onTestFinished, test } from "vitest";
import { encodeFrame, FrameReader, type ProcessFrame } from "../../../src/node/executor/process-frames.js";
import { FrameChannel } from "../../../src/node/native/frame-channel.js";

// Of Linux.
const UNIX = 1;
const STREAM_THAT_DOES_NOT_WAIT = 1 | 2048;

/** Two ends of one socket, neither of which waits. */
function socketPair(): { readonly channel: FrameChannel; readonly descriptor: number; readonly other: number } {
  const ends = new Int32Array(2);
  koffi.load(null).func("socketpair", "int", ["int", "int", "int", "void *"])(UNIX, STREAM_THAT_DOES_NOT_WAIT, 0, ends);
  const [descriptor = 0, other = 0] = ends;
  onTestFinished(() => {
    for (const end of ends) tryTo(() => closeSync(end));
  });
  return { channel: new FrameChannel(descriptor), descriptor, other };
}

function tryTo(work: () => void): void {
  try {
    work();
  } catch {
    // It was closed by the test.
  }
}

const first = encodeFrame(2, 7, new Uint8Array([1, 2, 3]));
const second = encodeFrame(3, 8);

test.skipIf(process.platform !== "linux")("waits for a frame that comes byte by byte", () => {
  const { channel, other } = socketPair();
  const bytes = [...first, ...second];
  channel.waitBy((direction) => {
    expect(direction).toBe("read");
    const byte = bytes.shift();
    if (byte === undefined) closeSync(other);
    else writeSync(other, new Uint8Array([byte]));
  });
  expect(channel.receive()).toEqual({ kind: 2, id: 7, payload: new Uint8Array([1, 2, 3]) });
  expect(bytes.length).toBe(second.length);
  expect(channel.receive()).toMatchObject({ kind: 3, id: 8 });
  expect(channel.receive()).toBeUndefined();
});

test.skipIf(process.platform !== "linux")("gives frames out of their order, and tells that others stay", () => {
  const { channel, other } = socketPair();
  let left = 0;
  channel.whenLeft(() => left++);
  writeSync(other, Buffer.concat([first, second, encodeFrame(4, 9)]));
  expect(channel.receiveWhere(({ kind }) => kind === 4)).toMatchObject({ id: 9 });
  expect(left).toBe(1);
  expect([channel.receiveArrived(), channel.receiveArrived(), channel.receiveArrived()]).toMatchObject([{ id: 7 }, { id: 8 }, "nothing"]);
  closeSync(other);
  expect(channel.receiveArrived()).toBe("closed");
});

test.skipIf(process.platform !== "linux")("writes a frame that is larger than what the socket holds", () => {
  const { channel, other } = socketPair();
  const payload = new Uint8Array(2_000_000).map((_, place) => place % 251);
  const reader = new FrameReader(2 ** 24);
  const frames: ProcessFrame[] = [];
  const chunk = new Uint8Array(100_000);
  const take = (): void => {
    frames.push(...reader.push(chunk.slice(0, readSync(other, chunk))));
  };
  channel.waitBy((direction) => {
    expect(direction).toBe("write");
    take();
  });
  channel.send(19, 1, payload.subarray(0, 7), payload.subarray(7));
  while (frames.length === 0) take();
  expect(frames[0]?.id).toBe(1);
  expect(Buffer.from(frames[0]?.payload ?? []).equals(Buffer.from(payload))).toBe(true);
});

test.skipIf(process.platform !== "linux")("writes nothing to a side that is gone", () => {
  const { channel, other } = socketPair();
  closeSync(other);
  channel.send(19, 1, new Uint8Array(10));
  expect(channel.receive()).toBeUndefined();
});

test.skipIf(process.platform !== "linux")("attack: a length that no frame has is refused before anything is waited for", () => {
  const { channel, other } = socketPair();
  writeSync(other, new Uint8Array([0xff, 0xff, 0xff, 0xff, 1]));
  channel.waitBy(() => {
    throw new Error("it waits");
  });
  expect(() => channel.receive()).toThrow("at most");
});
