import { expect, test } from "vitest";
import type { BincodeType } from "../../../src/bincode/bincode-type.js";
import { encodeBincode } from "../../../src/bincode/encode-bincode.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import type { BridgeItemType } from "../../../src/package/bridge-item.js";
import { bridgeFunction, describePython, type FunctionShape, PLUGIN_ERROR, type PythonProcess, startedPlugin } from "./python-process.js";

const option = (value: BincodeType): BincodeType => ({ kind: "option", value });
const stream = (name: string, item: BincodeType, err?: BincodeType, parameters: readonly BincodeType[] = []): readonly FunctionShape[] => [
  { name, parameters, ok: "u32", produces: `${name}-stream`, ...(err === undefined ? {} : { err }) },
  { name: `[method]${name}-stream.next`, parameters: ["u32"], ok: option(item), isOther: true, ...(err === undefined ? {} : { err }) },
];

const SOURCE = `
closed = []
def tick(count):
    try:
        yield from range(count)
    finally:
        closed.append(count)
        print("closed", count, flush=True)
def fail(at):
    for i in range(at): yield i
    raise ValueError("in the middle")
def maybe(): return [None, 1, None]
def wrong(): yield "no number"
def nothing(): return 5
def late():
    raise KeyError("before the first")
    yield
def bad_close():
    try: yield 1
    finally: raise ValueError("while it was closed")
def number(): return 7
`;
const FUNCTIONS: readonly FunctionShape[] = [
  ...stream("tick", "u64", undefined, ["u32"]), ...stream("fail", "u64", PLUGIN_ERROR, ["u32"]), ...stream("maybe", option("u8")), ...stream("wrong", "u64", PLUGIN_ERROR),
  ...stream("nothing", "u64", PLUGIN_ERROR), ...stream("late", "u64"), ...stream("bad-close", "u64"), { name: "number", ok: "u32" },
];

const start = (): Promise<PythonProcess> => startedPlugin({ source: SOURCE, functions: FUNCTIONS });
const step = async (plugin: PythonProcess, name: string, number: number): Promise<unknown> => {
  const answer = await plugin.call(`[method]${name}-stream.next`, [number]);
  return answer.kind === "ok" ? answer.value : answer;
};

describePython("streams that a plugin produces", () => {
  test("give each item, then the end, and stay ended", async () => {
    const plugin = await start();
    expect(await plugin.call("tick", [2])).toMatchObject({ kind: "ok", value: 1 });
    expect(await step(plugin, "tick", 1)).toBe(0n);
    expect(await step(plugin, "tick", 1)).toBe(1n);
    expect(await step(plugin, "tick", 1)).toBeUndefined();
    expect(await step(plugin, "tick", 1)).toBeUndefined();
    expect(await plugin.drop(1)).toMatchObject({ kind: "ok" });
    expect(await step(plugin, "tick", 1)).toMatchObject({ kind: "resource-invalid" });
  });

  test("do nothing before they are asked, and run their finally when they are dropped early", async () => {
    const plugin = await start();
    await plugin.call("tick", [1_000_000_000]);
    expect(await step(plugin, "tick", 1)).toBe(0n);
    expect(await plugin.drop(1)).toMatchObject({ kind: "ok" });
    await plugin.call("number");
    expect(plugin.log).toContain("closed 1000000000");
  });

  test("have numbers that are never used again, and are independent", async () => {
    const plugin = await start();
    await plugin.call("tick", [5]);
    await plugin.call("tick", [9]);
    expect([await step(plugin, "tick", 2), await step(plugin, "tick", 1), await step(plugin, "tick", 2)]).toEqual([0n, 0n, 1n]);
    await plugin.drop(2);
    expect(await plugin.call("tick", [1])).toMatchObject({ value: 3 });
  });

  test("fail in the middle with their error, and have ended then", async () => {
    const plugin = await start();
    await plugin.call("fail", [1]);
    expect(await step(plugin, "fail", 1)).toBe(0n);
    expect(await step(plugin, "fail", 1)).toMatchObject({ kind: "err", value: { code: "ValueError", message: "in the middle" } });
    expect(await step(plugin, "fail", 1)).toBeUndefined();
  });

  test("trap where their next has no error", async () => {
    const plugin = await start();
    await plugin.call("late");
    expect(await step(plugin, "late", 1)).toEqual({ kind: "trap", message: "KeyError: 'before the first'" });
  });

  test("tell an item that is none from the end", async () => {
    const plugin = await start();
    await plugin.call("maybe");
    expect([await step(plugin, "maybe", 1), await step(plugin, "maybe", 1), await step(plugin, "maybe", 1), await step(plugin, "maybe", 1)])
      .toEqual([{ tag: "some", val: undefined }, { tag: "some", val: 1 }, { tag: "some", val: undefined }, { tag: "none" }]);
  });

  test("must be iterable, of items of their type", async () => {
    const plugin = await start();
    expect(await plugin.call("nothing")).toEqual({ kind: "trap", message: "the result is 5, and must be iterable, because the method gives a stream" });
    await plugin.call("wrong");
    expect(await step(plugin, "wrong", 1)).toMatchObject({ kind: "trap", message: expect.stringContaining("is 'no number', and must be a whole number") });
  });

  test("may fail while they are closed: that is logged", async () => {
    const plugin = await start();
    await plugin.call("bad-close");
    expect(await step(plugin, "bad-close", 1)).toBe(1n);
    expect(await plugin.drop(1)).toMatchObject({ kind: "ok" });
    await plugin.call("number");
    expect(plugin.log).toContain("ValueError: while it was closed");
  });

  test("attack: numbers that are none, and those of another kind of stream", async () => {
    const plugin = await start();
    await plugin.call("tick", [5]);
    for (const number of [0, 2, 4_294_967_295]) {
      expect(await step(plugin, "tick", number)).toMatchObject({ kind: "resource-invalid" });
      expect(await plugin.drop(number)).toMatchObject({ kind: "resource-invalid" });
    }
    expect(await step(plugin, "fail", 1)).toEqual({ kind: "resource-invalid", message: "There is no fail-stream 1" });
    expect(await step(plugin, "tick", 1)).toBe(0n);
  });

  test("a number that is no stream stays a number", async () => {
    expect(await (await start()).call("number")).toMatchObject({ kind: "ok", value: 7 });
  });
});

const PULL = { ...bridgeFunction({ name: "next", ok: option({ kind: "list", element: "u8" }) }, "fidius:stream-pull/pull@0.1.0") };
const POINT: BridgeItemType = { kind: "record", fields: [{ name: "first-name", type: "string" }] };
const TAKING = `
def total(rows, start): return sum(rows, start)
def names(rows): return [row["first_name"] for row in rows]
def raw(rows): return list(rows)
def first(rows): return next(iter(rows))
def after_end(rows): return len(list(rows)) + len(list(rows))
def doubled(rows):
    for row in rows: yield row * 2
`;
const bytes: BincodeType = { kind: "list", element: "u8" };
const TAKERS: readonly FunctionShape[] = [
  { name: "total", parameters: ["u64"], ok: "u64", takesStream: true, item: "u64" }, { name: "names", ok: { kind: "list", element: "string" }, takesStream: true, item: POINT },
  { name: "raw", ok: { kind: "list", element: bytes }, takesStream: true }, { name: "first", ok: "u64", takesStream: true, item: "u64" }, { name: "after-end", ok: "u8", takesStream: true, item: "u64" },
  ...stream("doubled", "u64").map((shape) => (shape.produces === undefined ? shape : { ...shape, takesStream: true, item: "u64" as const })),
];

async function taking(items: readonly Uint8Array[], imports = [PULL]): Promise<{ readonly plugin: PythonProcess; readonly pulled: () => number }> {
  let pulled = 0;
  const plugin = await startedPlugin({
    source: TAKING, functions: TAKERS, imports,
    onHostCall: (target, args) => {
      if (target !== PULL.target || args.length > 0) return [2, toUtf8(`unexpected call of ${target}`)];
      const item = items[pulled];
      pulled += 1;
      return [0, encodeBincode(option(bytes), item)];
    },
  });
  return { plugin, pulled: () => pulled };
}
const numbers = (...values: readonly bigint[]): readonly Uint8Array[] => values.map((value) => encodeBincode("u64", value));

describePython("streams that a plugin takes", () => {
  test("come first, with items of the type that the manifest names", async () => {
    const { plugin } = await taking(numbers(1n, 2n, 3n));
    expect(await plugin.call("total", [10])).toMatchObject({ kind: "ok", value: 16n });
    const named = await taking(["Ada", "Bob"].map((name) => encodeBincode(POINT, { "first-name": name })));
    expect(await named.plugin.call("names")).toMatchObject({ value: ["Ada", "Bob"] });
  });

  test("come as bytes where no type is named", async () => {
    const { plugin } = await taking([Uint8Array.of(1, 2), new Uint8Array()]);
    expect(await plugin.call("raw")).toMatchObject({ value: [Uint8Array.of(1, 2), new Uint8Array()] });
  });

  test("are pulled one by one, and not beyond their end", async () => {
    const { plugin, pulled } = await taking(numbers(1n, 2n, 3n));
    await plugin.call("first");
    expect(pulled()).toBe(1);
    await plugin.call("after-end");
    expect(pulled()).toBe(4);
  });

  test("feed one that the plugin produces, as it is asked", async () => {
    const { plugin, pulled } = await taking(numbers(4n, 5n));
    expect(await plugin.call("doubled")).toMatchObject({ value: 1 });
    expect(pulled()).toBe(0);
    expect(await step(plugin, "doubled", 1)).toBe(8n);
    expect(pulled()).toBe(1);
    expect([await step(plugin, "doubled", 1), await step(plugin, "doubled", 1)]).toEqual([10n, undefined]);
  });

  test("attack: items that are none", async () => {
    const { plugin } = await taking([Uint8Array.of(1)]);
    expect(await plugin.call("total", [0])).toMatchObject({ kind: "trap", message: expect.stringContaining("The stream gave what is not of its type: the item ends after 1 of 8 bytes") });
  });

  test("are not pulled where that was not granted", async () => {
    const { plugin, pulled } = await taking(numbers(1n), []);
    expect(await plugin.call("total", [0])).toEqual({ kind: "host-failed", message: "It needs fidius:stream-pull/pull@0.1.0#next, which it was not granted" });
    expect(pulled()).toBe(0);
  });
});
