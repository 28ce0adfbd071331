import { describe, expect, test } from "vitest";
import { PULL, pullImport, pulling, startGreeter } from "../../support/native-greeter.js";
import { hasLibrary } from "../../support/native-process.js";

describe.skipIf(!hasLibrary("greeter"))("streams of a library", () => {
  test("are produced, item by item", async () => {
    const { call } = await startGreeter();
    expect(await call("tick", 7)).toEqual({ kind: "ok", value: 1 });
    expect(await call("tick", 70)).toEqual({ kind: "ok", value: 2 });
    expect([await call("[method]tick-stream.next", 1), await call("[method]tick-stream.next", 2), await call("[method]tick-stream.next", 1)].map(({ value }) => value)).toEqual([7, 70, 8]);
  });

  test("end, and have ended then", async () => {
    const { call } = await startGreeter();
    await call("blocks", new Uint32Array([0, 3, 500_000]));
    const step = async () => (await call("[method]blocks-stream.next", 1)).value;
    expect([await step(), await step()]).toEqual([new Uint8Array(), new Uint8Array(3).fill(3)]);
    expect(Buffer.from((await step()) as Uint8Array).equals(Buffer.alloc(500_000, 500_000 % 256))).toBe(true);
    expect([await step(), await step()]).toEqual([undefined, undefined]);
  });

  test("are dropped once", async () => {
    const { process, call } = await startGreeter();
    await call("tick", 7);
    await call("tick", 8);
    expect((await process.drop(1)).kind).toBe("ok");
    expect(await call("dropped")).toEqual({ kind: "ok", value: 1 });
    expect((await process.drop(1)).kind).toBe("resource-invalid");
    expect((await call("[method]tick-stream.next", 1)).kind).toBe("resource-invalid");
    expect(await call("[method]tick-stream.next", 2)).toEqual({ kind: "ok", value: 8 });
    expect(await call("dropped")).toEqual({ kind: "ok", value: 1 });
  });

  test("panic in an item", async () => {
    const { call } = await startGreeter();
    await call("tick", 0xffff_ffff);
    expect(await call("[method]tick-stream.next", 1)).toEqual({ kind: "trap", value: "it panicked" });
  });

  test("attack: the number of one kind of stream is none of another", async () => {
    const { call } = await startGreeter();
    await call("tick", 7);
    expect((await call("[method]blocks-stream.next", 1)).kind).toBe("resource-invalid");
    expect((await call("[method]tick-stream.next", 0)).kind).toBe("resource-invalid");
    expect((await call("[method]tick-stream.next", 0xffff_ffff)).kind).toBe("resource-invalid");
  });

  test("are consumed", async () => {
    const { call } = await startGreeter({ imports: [pullImport], onHostCall: pulling("u64", [1n, 2n, 3n]) });
    expect(await call("sum", 10n)).toEqual({ kind: "ok", value: 60n });
    expect(await call("sum", 10n)).toEqual({ kind: "ok", value: 0n });
  });

  test("are consumed by a thread of the library's", async () => {
    const { call } = await startGreeter({ imports: [pullImport], onHostCall: pulling("u64", Array.from({ length: 100 }, (_, place) => BigInt(place))) });
    expect(await call("sum-in-thread")).toEqual({ kind: "ok", value: 4950n });
  });

  test("go both ways, as slowly as they are pulled", async () => {
    let pulled = 0;
    const long = "x".repeat(100_000);
    const items = pulling("string", ["a", long, "c"]);
    const { call } = await startGreeter({ imports: [pullImport], onHostCall: (target) => { expect(target).toBe(PULL); pulled++; return items(); } });
    expect(await call("shout")).toEqual({ kind: "ok", value: 1 });
    expect(pulled).toBe(0);
    expect((await call("[method]shout-stream.next", 1)).value).toBe("A");
    expect(pulled).toBe(1);
    expect((await call("[method]shout-stream.next", 1)).value).toBe(long.toUpperCase());
    expect((await call("[method]shout-stream.next", 1)).value).toBe("C");
    expect((await call("[method]shout-stream.next", 1)).value).toBe(undefined);
    expect(pulled).toBe(4);
  });

  test("of an app that fails end the call, with the app's reason", async () => {
    const { call } = await startGreeter({ imports: [pullImport], onHostCall: () => ({ kind: "failed", message: "the app's stream failed" }) });
    expect(await call("sum", 10n)).toEqual({ kind: "host-failed", value: "the app's stream failed" });
  });

  test("attack: a stream that was not granted is not pulled", async () => {
    const { call } = await startGreeter({ imports: [], onHostCall: () => { throw new Error("it was asked"); } });
    expect(await call("sum", 10n)).toEqual({ kind: "host-failed", value: `it needs ${PULL}, which it was not granted` });
  });

  test("attack: the app's wrong item is no item", async () => {
    const { call } = await startGreeter({ imports: [pullImport], onHostCall: () => ({ kind: "ok", bytes: new Uint8Array([1, 0xff, 0xff, 0, 0, 0, 0, 0, 0]) }) });
    expect((await call("sum", 10n)).kind).toBe("host-failed");
  });
});
