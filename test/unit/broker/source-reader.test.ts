/** Sources of an app, read for a plugin: every protocol, and every way in which one can be wrong. */
import { describe, expect, it } from "vitest";
import { SourceReader } from "../../../src/broker/source-reader.js";

const PLAIN = { item: "u32", isNested: false } as const;
const NESTED = { item: 0, isNested: true } as const;

async function outcomes(reader: SourceReader, count: number): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let step = 0; step < count; step += 1) {
    try {
      found.push(await reader.next());
    } catch (error) {
      found.push(error instanceof Error ? error.message : error);
    }
  }
  return found;
}

describe("a source", () => {
  it("answers at once where it has its items, and after the end again and again", () => {
    const reader = new SourceReader([1, 2], PLAIN);
    expect([reader.next(), reader.next(), reader.next(), reader.next()]).toEqual([1, 2, undefined, undefined]);
  });

  it("of options tells none and the end apart", async () => {
    const none = { tag: "none" };
    expect(await outcomes(new SourceReader(["a", undefined], NESTED), 4)).toEqual([{ tag: "some", val: "a" }, { tag: "some", val: undefined }, none, none]);
  });

  it("is not begun before the first item is asked for, and then makes one for each", async () => {
    const made: number[] = [];
    async function* source() { for (let item = 0; ; item += 1) { made.push(item); yield item; } }
    const reader = new SourceReader(source(), PLAIN);
    expect(made).toEqual([]);
    expect(await outcomes(reader, 2)).toEqual([0, 1]);
    expect(made).toEqual([0, 1]);
  });

  it("that is asked while it is at an item refuses, so that none is lost in silence", async () => {
    let settle: (result: IteratorResult<number>) => void = () => undefined;
    const reader = new SourceReader({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<number>>((resolve) => (settle = resolve)) }) }, PLAIN);
    const first = reader.next();
    expect(() => reader.next()).toThrow("still at the item before");
    settle({ done: false, value: 7 });
    expect(await first).toBe(7);
  });

  it("that fails ends with its error, and then has ended", async () => {
    async function* source() { yield 1; throw new Error("gone"); }
    expect(await outcomes(new SourceReader(source(), PLAIN), 4)).toEqual([1, "gone", undefined, undefined]);
    const stream = new ReadableStream<number>({ start: (controller) => controller.error(new Error("broken")) });
    expect(await outcomes(new SourceReader(stream, PLAIN), 2)).toEqual(["broken", undefined]);
  });

  it.each([
    ["gives undefined as an item", [undefined], /undefined as an item/],
    ["gives null as an item", [null], /null as an item/],
    ["answers with no step", { [Symbol.iterator]: () => ({ next: () => 5 }) }, /next answered with/],
    ["answers with a promise of no step", { [Symbol.asyncIterator]: () => ({ next: async () => undefined }) }, /next answered with/],
    ["has no iterator", { [Symbol.asyncIterator]: () => undefined }, /undefined/],
    ["throws when it is begun", { [Symbol.iterator]: () => { throw new Error("not now"); } }, /not now/],
    ["is no source", {}, /not iterable/],
  ])("that %s fails, and is not asked again", async (_name, source, message) => {
    const [first] = await outcomes(new SourceReader(source, PLAIN), 2);
    expect(first).toMatch(message);
  });

  it("is left when the plugin drops it: once, and only if it was begun and has not ended", async () => {
    const log: string[] = [];
    const source = () => ({ [Symbol.asyncIterator]: () => ({ next: async () => ({ done: log.length > 100, value: 1 }), return: async () => void log.push("left") }) });
    const begun = new SourceReader(source(), PLAIN);
    await begun.next();
    await Promise.all([begun.close(), begun.close()]);
    await new SourceReader(source(), PLAIN).close();
    const ended = new SourceReader([], PLAIN);
    ended.next();
    await ended.close();
    expect(log).toEqual(["left"]);
    expect(await begun.next()).toBeUndefined();
  });

  it("that is a stream is cancelled by a drop, and unlocked when it is given back", async () => {
    const log: unknown[] = [];
    const make = () => new ReadableStream({ pull: (controller) => controller.enqueue(1), cancel: () => void log.push("cancelled") }, { highWaterMark: 0 });
    const dropped = make();
    const reader = new SourceReader(dropped, PLAIN);
    await reader.next();
    await reader.close();
    const returned = make();
    const other = new SourceReader(returned, PLAIN);
    await other.next();
    expect(returned.locked).toBe(true);
    other.release();
    expect([log, returned.locked]).toEqual([["cancelled"], false]);
  });
});
