import { PassThrough } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { GuestOutput, type OutputStream } from "../../../src/node/executor/guest-output.js";
import type { GuestEvent } from "../../../src/rpc/messages.js";

function open(logBytes: number, granted: readonly OutputStream[]) {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const events: GuestEvent[] = [];
  const entries: string[] = [];
  const output = new GuestOutput(streams, {
    logBytes,
    onEvent: (event) => events.push(event),
    isGranted: (stream) => granted.includes(stream),
    onUngranted: (stream, text) => entries.push(`${stream}: ${text}`),
  });
  onTestFinished(() => output.close());
  return { streams, events, entries, output };
}

const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a plugin's output", () => {
  it("attack: pieces of one byte fill the operator's log, an entry each", async () => {
    const { streams, entries } = open(2_560, []);
    for (let piece = 0; piece < 100; piece += 1) {
      streams.stderr.write("x");
      await turn();
    }
    expect(entries).toHaveLength(10);
  });

  it("attack: what was not granted uses up what was", async () => {
    const { streams, events, entries } = open(1_000, ["stdout"]);
    streams.stderr.write("e".repeat(5_000));
    streams.stdout.write("o".repeat(999));
    await turn();
    expect(events).toEqual([{ kind: "output", stream: "stdout", text: "o".repeat(999) }]);
    expect(entries).toEqual([`stderr: ${"e".repeat(1_000)}`]);
    streams.stdout.write("over");
    streams.stdout.write("more");
    await turn();
    expect(events.slice(1)).toEqual([{ kind: "output", stream: "stdout", text: "o" }, { kind: "output-truncated" }]);
  });

  it("attack: a flood is read at a bounded rate", async () => {
    const { streams } = open(1_000, ["stdout"]);
    let taken = 0;
    streams.stdout.on("data", (chunk: Buffer) => (taken += chunk.length));
    for (let piece = 0; piece < 64; piece += 1) streams.stdout.write(Buffer.alloc(64 * 1024));
    await turn();
    await turn();
    expect(taken).toBe(256 * 1024);
    expect(streams.stdout.isPaused()).toBe(true);
  });

  it("has characters that two pieces share", async () => {
    const { streams, events } = open(1_000, ["stdout"]);
    const [one, two] = [Buffer.from("grün").subarray(0, 3), Buffer.from("grün").subarray(3)];
    streams.stdout.write(one);
    await turn();
    streams.stdout.write(two);
    await turn();
    expect(events.map((event) => ("text" in event ? event.text : ""))).toEqual(["gr", "ün"]);
  });

  it("waits while nobody takes it, and is lowered by an order", async () => {
    const { streams, events, output } = open(1_000, ["stdout"]);
    output.bound(3);
    output.pause();
    streams.stdout.write("kept");
    await turn();
    expect(events).toEqual([]);
    output.resume();
    await turn();
    expect(events).toEqual([{ kind: "output", stream: "stdout", text: "kep" }, { kind: "output-truncated" }]);
  });
});
