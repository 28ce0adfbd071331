import { describe, expect, it } from "vitest";
import type { HostAnswer } from "../../../src/rpc/messages.js";
import { awaitSharedAnswer, SharedAnswers } from "../../../src/rpc/shared-answer.js";
import { encodeShared } from "../../../src/rpc/shared-value.js";
import { startThread } from "../broker/thread.js";

const THREAD = new URL("waiting-thread.ts", import.meta.url);
const PIECE = 256 * 1024;

interface Received {
  readonly answer: HostAnswer;
  readonly asked: number;
}

/** Answers a thread's calls in turn, and gives what it received. */
async function exchange(given: readonly HostAnswer[]): Promise<readonly Received[]> {
  const shared = new SharedAnswers();
  const thread = await startThread(THREAD, { buffer: shared.buffer, answers: given.length });
  const received: Received[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      let next = 0;
      thread.on("error", reject);
      thread.on("message", (message: { readonly call?: true; readonly next?: true } & Received) => {
        if (message.call === true) shared.write(given[next++] ?? { kind: "failed", message: "no answer is left" });
        else if (message.next === true) shared.next();
        else if (received.push(message) === given.length) resolve();
      });
    });
  } finally {
    await thread.terminate();
  }
  return received;
}

const bytesAnswer = (length: number): HostAnswer => ({ kind: "ok", value: new Uint8Array(length).map((_byte, index) => (index * 7) % 256) });

describe("an answer to a thread that waits", () => {
  it("of every kind arrives, one after the other through one buffer", async () => {
    const answers: readonly HostAnswer[] = [
      { kind: "ok", value: undefined }, { kind: "err", value: { tag: "other", val: "quota" } }, { kind: "ok", value: [1n, "two", new Uint8Array([3])] },
      { kind: "denied", authority: "keyvalue", import: "wasi:keyvalue/store#open" }, { kind: "failed", message: "x" }, { kind: "ok", value: "" },
    ];
    expect(await exchange(answers)).toEqual(answers.map((answer) => ({ answer, asked: 0 })));
  });

  it("larger than the buffer comes in pieces, each asked for, and a small one after it is whole", async () => {
    const answers = [bytesAnswer(5 * PIECE), { kind: "ok", value: "small" }, bytesAnswer(PIECE + 1), { kind: "ok", value: 1 }] as const;
    const received = await exchange(answers);
    expect(received.map(({ answer }) => answer)).toEqual(answers);
    expect(received.map(({ asked }) => asked)).toEqual([5, 0, 1, 0]);
  });

  it("of exactly one and exactly two buffers needs no piece more than that", async () => {
    const overhead = encodeShared(bytesAnswer(0)).length;
    const answers = [bytesAnswer(PIECE - overhead), bytesAnswer(PIECE - overhead + 1), bytesAnswer(2 * PIECE - overhead)];
    const received = await exchange(answers);
    expect(received.map(({ answer }) => answer)).toEqual(answers);
    expect(received.map(({ asked }) => asked)).toEqual([0, 1, 1]);
  });
});

describe("a thread that asks without need", () => {
  it("gets nothing of an earlier answer, and nothing of a later one", () => {
    const shared = new SharedAnswers();
    const words = new Int32Array(shared.buffer, 0, 4);
    shared.write({ kind: "ok", value: "an earlier answer" });
    expect(awaitSharedAnswer(shared.buffer, () => undefined)).toEqual({ kind: "ok", value: "an earlier answer" });
    for (let times = 0; times < 3; times += 1) {
      shared.next();
      expect(words[1]).toBe(0);
    }
    shared.write({ kind: "ok", value: "a later answer" });
    expect(awaitSharedAnswer(shared.buffer, () => undefined)).toEqual({ kind: "ok", value: "a later answer" });
  });
});

it("an answer that cannot be passed leaves the one before it alone", () => {
  const shared = new SharedAnswers();
  expect(() => shared.write({ kind: "ok", value: () => 1 })).toThrow(TypeError);
  shared.write({ kind: "failed", message: "the page's answer could not be passed" });
  expect(awaitSharedAnswer(shared.buffer, () => undefined)).toEqual({ kind: "failed", message: "the page's answer could not be passed" });
});
