import { describe, expect, it } from "vitest";
import { InterfaceError, MalformedCall } from "../../../src/broker/call-errors.js";
import type { HostHandle } from "../../../src/broker/handle-table.js";
import { type ByteSource, createHandleBroker, HostInputStream } from "../../../src/broker/input-streams.js";
import { fromUtf8, toUtf8 } from "../../../src/bytes/utf8.js";
import { perform, testInstance } from "./broker-context.js";

/** A source whose pieces come when the test gives them. */
class GivenSource implements ByteSource {
  asked = 0;
  cancelled = 0;
  readonly #waiting: { readonly resolve: (piece: Uint8Array | undefined) => void; readonly reject: (error: unknown) => void }[] = [];

  next(): Promise<Uint8Array | undefined> {
    this.asked += 1;
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
  cancel(): void {
    this.cancelled += 1;
  }
  give(piece: string | undefined): void {
    this.#waiting.shift()?.resolve(piece === undefined ? undefined : toUtf8(piece));
  }
  fail(error: unknown): void {
    this.#waiting.shift()?.reject(error);
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function streams(count = 1) {
  const { context } = testInstance([]);
  const { operations } = createHandleBroker(context);
  const sources = Array.from({ length: count }, () => new GivenSource());
  const ids = sources.map((source) => context.handles.add(new HostInputStream(source), "full"));
  const [source] = sources;
  if (source === undefined) throw new Error("a test without a stream");
  const call = (name: string, ...values: readonly unknown[]) => perform(operations, name, values);
  const read = async (most: number, isBlocking: boolean, id: unknown = ids[0]): Promise<unknown> => {
    const piece = await call("stream.read", id, most, isBlocking).catch((error: unknown) => (error instanceof InterfaceError ? error.payload : Promise.reject(error instanceof Error ? error : new Error(String(error)))));
    return piece instanceof Uint8Array ? fromUtf8(piece) : piece;
  };
  return { context, operations, sources, source, ids, call, read };
}

describe("a stream of the page's", () => {
  it("keeps no read waiting after the instance has ended", async () => {
    const { context, operations, ids } = streams();
    const ended = new AbortController();
    const read = perform(operations, "stream.read", [ids[0], 10, true], ended.signal);
    await turn();
    ended.abort();
    expect(await read).toEqual(new Uint8Array());
    context.handles.disposeAll();
  });

  it("is not waited for by a wait without streams", async () => {
    await expect(streams().call("handle.wait", [], 10)).rejects.toBeInstanceOf(MalformedCall);
  });

  it("is read in the pieces that the guest asks for", async () => {
    const { source, read } = streams();
    const first = read(3, true);
    source.give("abcdefg");
    expect([await first, await read(3, true), await read(100, false)]).toEqual(["abc", "def", "g"]);
    const end = read(1, true);
    source.give(undefined);
    expect([await end, await read(1, true), await read(1, false)]).toEqual([{ tag: "closed" }, { tag: "closed" }, { tag: "closed" }]);
  });

  it("is never read further than one piece ahead of a guest that is slow", async () => {
    const { source, read, call, ids } = streams();
    expect(source.asked).toBe(0);
    const waits = [read(1, true), read(1, false), call("handle.wait", ids, 0), call("handle.wait", ids, undefined)];
    await turn();
    expect(source.asked).toBe(1);
    source.give("abc");
    await Promise.all(waits);
    for (let times = 0; times < 2; times += 1) {
      await call("handle.wait", ids, undefined);
      expect(source.asked).toBe(1);
      await read(times, false);
    }
    expect(await read(100, false)).toBe("c");
    expect(source.asked).toBe(1);
    expect(await read(100, false)).toBe("");
    expect(source.asked).toBe(2);
  });

  it("answers at once where it may not wait", async () => {
    const { source, read, call, ids } = streams();
    expect(await read(10, false)).toBe("");
    expect(await call("handle.wait", ids, 0)).toEqual([]);
    source.give("here");
    await turn();
    expect(await call("handle.wait", ids, 0)).toEqual([0]);
    expect(await read(10, false)).toBe("here");
  });

  it("that fails says why once, and is then closed", async () => {
    const { source, read } = streams();
    const failing = read(10, true);
    source.fail(new Error("the line is dead"));
    expect(await failing).toEqual({ tag: "last-operation-failed", val: "the line is dead" });
    expect(await read(10, true)).toEqual({ tag: "closed" });
    expect(source.asked).toBe(1);
  });

  it("gives what came before it failed first", async () => {
    const { source, read } = streams();
    const first = read(2, true);
    source.give("abcd");
    expect(await first).toBe("ab");
    expect(await read(2, true)).toBe("cd");
    const failing = read(2, true);
    source.fail("a text");
    expect(await failing).toEqual({ tag: "last-operation-failed", val: "a text" });
  });

  it("that is dropped stops its source, once, and means nothing from then on", async () => {
    const { source, read, call, ids } = streams();
    const late = read(1, false);
    await call("handle.drop", ids[0]);
    await call("handle.drop", ids[0]);
    expect(source.cancelled).toBe(1);
    source.give("too late");
    await late;
    await expect(read(1, false)).rejects.toThrow(MalformedCall);
    // Whoever still waits for it is woken, and finds out by what it asks next.
    expect(await call("handle.wait", ids, 0)).toEqual([0]);
  });

  it.each([
    ["of less than nothing", -1, true], ["of no number", Number.NaN, true], ["of a text", "1", true], ["of a bigint", 1n, true], ["of nothing said", undefined, true], ["that may or may not wait", 1, 1],
  ])("refuses a read %s", async (_what, most, isBlocking) => {
    const { call, ids } = streams();
    await expect(call("stream.read", ids[0], most, isBlocking)).rejects.toThrow(MalformedCall);
  });

  it("is not read as something else, nor something else as it", async () => {
    const { context, call } = streams();
    const other = context.handles.add({ ready: () => undefined }, "full");
    await expect(call("stream.read", other, 1, false)).rejects.toThrow(MalformedCall);
    await expect(call("stream.read", 4_711, 1, false)).rejects.toThrow(MalformedCall);
  });
});

describe("waiting for several", () => {
  it("ends with the first that is ready, and names all that are", async () => {
    const { sources, ids, call } = streams(4);
    const waiting = call("handle.wait", ids, undefined);
    sources[2]?.give("x");
    sources[1]?.give("y");
    expect(await waiting).toEqual([1, 2]);
  });

  it("counts the end and a failure as ready: the read says so", async () => {
    const { sources, ids, call, read } = streams(2);
    const waiting = call("handle.wait", ids, undefined);
    sources[0]?.give(undefined);
    sources[1]?.fail(new Error("x"));
    expect(await waiting).toEqual([0, 1]);
    expect(await read(1, true, ids[1])).toEqual({ tag: "last-operation-failed", val: "x" });
  });

  it("ends with none when the time is over", async () => {
    const { ids, call } = streams(3);
    expect(await call("handle.wait", ids, 1)).toEqual([]);
    expect(await call("handle.wait", ids, 0)).toEqual([]);
  });

  it("ends when the instance does, and leaves no listener behind", async () => {
    const { operations, ids } = streams(2);
    const ending = new AbortController();
    const waiting = perform(operations, "handle.wait", [ids, 2 ** 40], ending.signal);
    ending.abort();
    expect(await waiting).toEqual([]);
  });

  it("names a handle that is asked for twice twice", async () => {
    const { source, ids, call } = streams();
    const waiting = call("handle.wait", [ids[0], ids[0]], undefined);
    source.give("x");
    expect(await waiting).toEqual([0, 1]);
  });

  it("treats a handle that can always be used as ready", async () => {
    const { context, ids, call } = streams();
    const always: HostHandle = {};
    expect(await call("handle.wait", [ids[0], context.handles.add(always, "full")], undefined)).toEqual([1]);
  });

  it.each([
    ["no list", 1, 0], ["a list of nobody's", [4_711], 0], ["a list of texts", ["1"], 0], ["a negative time", [], -1], ["no time", [], Number.NaN], ["a text as time", [], "1"],
  ])("refuses %s", async (_what, ids, milliseconds) => {
    const { call } = streams();
    await expect(call("handle.wait", ids, milliseconds)).rejects.toThrow(MalformedCall);
  });
});
