import { describe, expect, it } from "vitest";
import { type ByteSource, HostInputStream } from "../../../src/broker/input-streams.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { testInstance } from "../broker/broker-context.js";
import { MODES, runGuest } from "./run-guest.js";

const PIECES = ["hello", " ", "world"];

function given(pieces: readonly string[], failure?: string): ByteSource {
  let next = 0;
  return {
    next: async () => {
      const piece = pieces[next];
      next += 1;
      if (piece === undefined && failure !== undefined) throw new Error(failure);
      return piece === undefined ? undefined : toUtf8(piece);
    },
    cancel: () => undefined,
  };
}

const silent: ByteSource = { next: () => new Promise(() => undefined), cancel: () => undefined };

async function run(mode: (typeof MODES)[number], scenario: string, ...sources: readonly ByteSource[]) {
  const instance = testInstance([]);
  const handles = sources.map((source) => instance.context.handles.add(new HostInputStream(source), "full"));
  const result = await runGuest(mode, scenario, { instance, handles });
  expect(instance.failures).toEqual([]);
  return result;
}

describe.each(MODES)("a guest that is %s while it waits for the page", (mode) => {
  it("gets answers in the way that its glue expects", async () => {
    const { promised, immediate } = await run(mode, "read all", given(PIECES));
    expect({ promised, immediate }).toEqual({ promised: mode === "suspended", immediate: mode === "blocked" });
  });

  it("reads a stream to its end, in pieces of its choice", async () => {
    expect((await run(mode, "read all", given(PIECES))).value).toEqual({ pieces: ["hell", "o", " ", "worl", "d"], end: { tag: "closed" } });
  });

  it("asks nobody for nothing", async () => {
    expect(await run(mode, "a read of nothing asks nobody")).toMatchObject({ value: [0, 0, 0n], promised: false });
  });

  it("skips", async () => {
    expect((await run(mode, "skip, then read", given(["hello world"]))).value).toEqual([3n, "lo", 6n]);
  });

  it("gets at most 64 KiB at once, whatever it asks for", async () => {
    expect((await run(mode, "read more than there can be", given(["x".repeat(1_000_000)]))).value).toBe(65_536);
  });

  it("gets the reason of a failure as an error resource, and then the end", async () => {
    expect((await run(mode, "a failing stream", given([], "the line is dead"))).value).toEqual([{ tag: "last-operation-failed", reason: "the line is dead" }, { tag: "closed" }]);
  });

  it("splices a stream into another until its end", async () => {
    expect((await run(mode, "splice", given(["hello world"]))).value).toEqual({ counts: [5n, 2n], written: ["hello", " w", "orld"], end: { tag: "closed" } });
  });

  it("writes", async () => {
    expect((await run(mode, "write")).value).toEqual({ written: ["a", "b", "\u0000\u0000", "\u0000", ""], permitted: 65_536n });
  });

  it("is ended for more zeroes than are permitted, and nothing is written", async () => {
    const { value, fatal } = await run(mode, "more zeroes than permitted");
    expect(value).toEqual({ isTrap: true, written: [] });
    expect(fatal).toEqual({ kind: "trap", message: "write-zeroes of more than check-write permits" });
  });

  it("cannot read what it dropped: it is ended", async () => {
    await expect(run(mode, "a dropped stream", given(PIECES))).rejects.toThrow(/ended: a host call "stream.read"/);
  });

  it("opens standard input again where it left off: dropping it closes nothing on the page", async () => {
    expect((await run(mode, "standard input closed and opened again", given(["abcd"]))).value).toEqual(["ab", "cd"]);
  });

  it("waits for times, and names all that have come", async () => {
    expect((await run(mode, "wait for times")).value).toEqual({ first: [1, 2], waited: true, ready: [true, false, true] });
  });

  it("waits for times and streams at once", async () => {
    expect((await run(mode, "wait for times and streams", silent, given(["x"]))).value).toEqual({ stream: [2], clock: [1], both: [0, 2, 3], ready: [false, true], block: undefined });
  });

  it("is ended for a poll of nothing", async () => {
    const { value, fatal } = await run(mode, "poll of an empty list");
    expect(value).toBe(true);
    expect(fatal).toMatchObject({ kind: "trap", message: expect.stringContaining("poll of an empty list") as unknown });
  });
});
