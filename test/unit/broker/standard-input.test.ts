import { describe, expect, it } from "vitest";
import { InterfaceError } from "../../../src/broker/call-errors.js";
import { createHandleBroker } from "../../../src/broker/input-streams.js";
import { createStandardInput, type StandardInputSource } from "../../../src/broker/standard-input.js";
import { fromUtf8, toUtf8 } from "../../../src/bytes/utf8.js";
import { perform, testInstance, type TestInstance } from "./broker-context.js";

interface Opened {
  readonly instance: TestInstance;
  read(most?: number, isBlocking?: boolean): Promise<unknown>;
  /** All that there is, in pieces, and how it ended. */
  readAll(): Promise<{ readonly text: string; readonly pieces: number; readonly end: unknown }>;
}

function open(source: StandardInputSource): Opened {
  const instance = testInstance(["stdin"]);
  const { operations } = createHandleBroker(instance.context);
  const id = createStandardInput(instance.context, source);
  const read = (most = 65_536, isBlocking = true) =>
    perform(operations, "stream.read", [id, most, isBlocking]).catch((error: unknown) => {
      if (error instanceof InterfaceError) return error.payload;
      throw error;
    });
  return {
    instance,
    read,
    async readAll() {
      const pieces: Uint8Array[] = [];
      for (let piece = await read(); ; piece = await read()) {
        if (!(piece instanceof Uint8Array)) return { text: fromUtf8(new Uint8Array(Buffer.concat(pieces))) ?? "", pieces: pieces.length, end: piece };
        pieces.push(piece);
      }
    },
  };
}

const streamOf = (...pieces: readonly unknown[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece as Uint8Array);
      controller.close();
    },
  });

const LONG = "línea\n".repeat(30_000);
const CLOSED = { tag: "closed" };

describe("standard input", () => {
  it.each<[string, () => StandardInputSource]>([
    ["a text", () => LONG],
    ["bytes", () => toUtf8(LONG)],
    ["a part of a buffer", () => new Uint8Array(Buffer.concat([toUtf8("before"), toUtf8(LONG), toUtf8("after")])).subarray(6, 6 + toUtf8(LONG).length)],
    ["a blob", () => new Blob([LONG.slice(0, 1_000), LONG.slice(1_000)])],
    ["a stream", () => streamOf(toUtf8(LONG.slice(0, 7)), new Uint8Array(), toUtf8(LONG.slice(7)))],
    ["a function", () => () => LONG],
    ["a function of a promise of a stream", () => async () => streamOf(toUtf8(LONG))],
  ])("is what the app gave as %s, and then at its end", async (_what, source) => {
    const { readAll, read, instance } = open(source());
    const { text, pieces, end } = await readAll();
    expect(text === LONG).toBe(true);
    expect(end).toEqual(CLOSED);
    expect(pieces).toBeGreaterThan(1);
    expect(await read()).toEqual(CLOSED);
    expect(instance.failures).toEqual([]);
  });

  it.each<[string, StandardInputSource]>([["text", ""], ["bytes", new Uint8Array()], ["blob", new Blob()], ["stream", streamOf()], ["pieces", streamOf(new Uint8Array(), new Uint8Array())]])("of no %s is at its end", async (_what, source) => {
    expect(await open(source).readAll()).toEqual({ text: "", pieces: 0, end: CLOSED });
  });

  it("begins anew for each instance, but for a stream, which can be read once", async () => {
    let made = 0;
    const sources: readonly (readonly [StandardInputSource, second: string])[] = [
      ["text", "text"], [toUtf8("text"), "text"], [new Blob(["text"]), "text"], [() => `text${(made += 1)}`, "text2"], [streamOf(toUtf8("text")), ""],
    ];
    for (const [source, second] of sources) {
      expect((await open(source).readAll()).text).toMatch(/^text/);
      expect(await open(source).readAll()).toMatchObject({ text: second, end: CLOSED });
    }
  });

  it("of a stream that another instance is reading is at its end", async () => {
    const stream = streamOf(toUtf8("first"), toUtf8("second"));
    const one = open(stream);
    expect(await one.read()).toEqual(toUtf8("first"));
    expect(await open(stream).readAll()).toMatchObject({ text: "", end: CLOSED });
    expect((await one.readAll()).text).toBe("second");
  });

  it("is opened at the first read, and not before", async () => {
    let opened = 0;
    const { read, instance } = open(() => {
      opened += 1;
      return "x";
    });
    expect(opened).toBe(0);
    await read();
    await read();
    expect(opened).toBe(1);
    const stream = streamOf(toUtf8("x"));
    open(stream).instance.context.handles.disposeAll();
    expect(stream.locked).toBe(false);
    instance.context.handles.disposeAll();
  });

  it("tells the app's stream when the instance ends", async () => {
    let reason: unknown = "not told";
    const stream = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(toUtf8("more")), cancel: (given) => void (reason = given) });
    const { read, instance } = open(stream);
    await read();
    instance.context.handles.disposeAll();
    await new Promise((resolve) => setImmediate(resolve));
    expect(reason).toBeUndefined();
  });

  it("takes no more from the app's stream than one piece ahead", async () => {
    let pulled = 0;
    const stream = new ReadableStream<Uint8Array>({ pull: (controller) => { pulled += 1; controller.enqueue(toUtf8("abc")); } }, { highWaterMark: 0 });
    const { read } = open(stream);
    expect(pulled).toBe(0);
    for (let times = 0; times < 3; times += 1) await read(1);
    expect(pulled).toBe(1);
    await read(1);
    expect(pulled).toBe(2);
  });

  it.each<[string, StandardInputSource]>([
    ["throws", () => { throw new Error("https://internal.example/?token=1"); }],
    ["rejects", () => Promise.reject(new Error("https://internal.example/?token=1"))],
    ["gives a number", (() => 7) as unknown as StandardInputSource],
    ["gives a stream of texts", () => streamOf("text")],
    ["gives a stream that fails", () => new ReadableStream({ start: (controller) => controller.error(new Error("https://internal.example/?token=1")) })],
  ])("whose source %s fails for the plugin, and only the app learns why", async (_what, source) => {
    const { read, instance } = open(source);
    expect(await read()).toEqual({ tag: "last-operation-failed", val: "standard input failed" });
    expect(await read()).toEqual(CLOSED);
    expect(instance.failures).toHaveLength(1);
  });

  it("that is no longer granted is not read: neither what was there already nor what comes", async () => {
    let pulled = 0;
    const stream = new ReadableStream<Uint8Array>({ pull: (controller) => { pulled += 1; controller.enqueue(toUtf8("secret")); } }, { highWaterMark: 0 });
    const { read, instance } = open(stream);
    expect(await read(1)).toEqual(toUtf8("s"));
    instance.grant("log");
    for (const isBlocking of [true, false]) expect(await read(100, isBlocking)).toEqual({ tag: "last-operation-failed", val: "standard input is not granted any more" });
    expect(instance.denials).toHaveLength(2);
    expect(instance.denials[0]).toEqual({ capability: "stdin", function: "wasi:cli/stdin#get-stdin", summary: "a read of standard input" });
    expect(pulled).toBe(1);
  });

  it("that is no longer granted keeps no reader waiting, and takes nothing more from the app", async () => {
    let pulled = 0;
    const stream = new ReadableStream<Uint8Array>({ pull: (controller) => { pulled += 1; if (pulled === 1) controller.enqueue(toUtf8("x")); } }, { highWaterMark: 0 });
    const { read, instance } = open(stream);
    await read();
    instance.grant();
    expect(await read(1, true)).toMatchObject({ tag: "last-operation-failed" });
    expect(pulled).toBe(1);
  });

  it("wakes no reader for an empty piece", async () => {
    const instance = testInstance(["stdin"]);
    const { operations } = createHandleBroker(instance.context);
    const id = createStandardInput(instance.context, streamOf(new Uint8Array(), new Uint8Array(), toUtf8("x")));
    expect(await perform(operations, "handle.wait", [[id], undefined])).toEqual([0]);
    expect(await perform(operations, "stream.read", [id, 10, false])).toEqual(toUtf8("x"));
  });
});
