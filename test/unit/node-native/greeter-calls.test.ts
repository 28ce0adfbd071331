import { readlinkSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { GREETER, GREETER_HASH, pullImport, settings, startGreeter } from "../../support/native-greeter.js";
import { hasLibrary } from "../../support/native-process.js";

describe.skipIf(!hasLibrary("greeter"))("a library of fidius's own macros", () => {
  test("is what it says", async () => {
    const { started, call } = await startGreeter();
    expect(started).toEqual({ runtime: "fidius ABI 500", metadata: { trait: { kind: "fixture", maker: "Ada & Søn" }, methods: { greet: { effect: "none", cost: "low" } } } });
    expect(await call("fidius-interface-hash")).toEqual({ kind: "ok", value: BigInt(`0x${GREETER_HASH}`) });
  });

  test("is configured once, and calls see it", async () => {
    const { call } = await startGreeter();
    expect(await call("greet", "Søren")).toEqual({ kind: "ok", value: "Hello, Søren!! — the fixture [1, -2]" });
    expect(await call("count")).toEqual({ kind: "ok", value: 1 });
    expect(await call("count")).toEqual({ kind: "ok", value: 2 });
    expect((await call("fidius-configure", settings)).kind).toBe("trap");
  });

  test("answers with its errors", async () => {
    const { call } = await startGreeter();
    expect(await call("add", 2n, 40n)).toEqual({ kind: "ok", value: 42n });
    const most = 2n ** 63n - 1n;
    expect(await call("add", most, 1n)).toEqual({ kind: "err", value: { code: "overflow", message: `${most} + 1`, details: '{"bits":64}' } });
    expect(await call("refuse", "no-way")).toEqual({ kind: "err", value: { code: "no-way", message: "as it was told", details: undefined } });
  });

  test("takes and gives raw bytes", async () => {
    const { call } = await startGreeter();
    expect(await call("reverse", new Uint8Array([1, 2, 3]))).toEqual({ kind: "ok", value: new Uint8Array([3, 2, 1]) });
    expect(await call("reverse", new Uint8Array())).toEqual({ kind: "ok", value: new Uint8Array() });
    const { value } = await call("shrink", new Uint8Array(1_000_000).fill(7));
    expect(Buffer.from(value as Uint8Array).equals(Buffer.alloc(500_000, 7))).toBe(true);
    expect((await call("shrink", new Uint8Array())).value).toMatchObject({ code: "EMPTY_INPUT" });
  });

  test("attack: an answer with its head is no larger than a message", async () => {
    const { call } = await startGreeter();
    expect((await call("reverse", new Uint8Array(1024 * 1024 - 8))).kind).toBe("ok");
    expect(await call("reverse", new Uint8Array(1024 * 1024))).toEqual({ kind: "trap", value: "it answered with 1048584 bytes, and at most 1048576 are allowed" });
  });

  test("needs its configuration", async () => {
    const unconfigured = await startGreeter({}, null);
    expect(await unconfigured.call("greet", "Ada")).toEqual({ kind: "trap", value: "it needs a configuration, and was given none" });
    const wrongly = await startGreeter({}, null);
    expect(await wrongly.call("fidius-configure", settings.subarray(0, 12))).toEqual({ kind: "trap", value: "it does not accept its configuration" });
  });

  test("is dropped when its channel is closed", async () => {
    const { process, call } = await startGreeter();
    await call("count");
    expect(await process.end()).toEqual({ code: 0, signal: null });
    expect(process.output).toBe("the instance is dropped\n");
  });
});

describe.skipIf(!hasLibrary("greeter"))("the end of a library", () => {
  test("a panic has its text", async () => {
    const { call, process } = await startGreeter();
    expect(await call("fail", "panic")).toEqual({ kind: "trap", value: "it panicked: told to panic" });
    expect(process.errors).toContain("told to panic");
  });

  test.each([["abort", "SIGABRT"], ["exit", "SIGABRT"], ["overflow", "SIGSEGV"]])("%s ends the process", async (how, end) => {
    const { call } = await startGreeter();
    await expect(call("fail", how)).rejects.toThrow(`ended with ${end}`);
  });

  test("attack: memory beyond the bound is not given", async () => {
    const { call } = await startGreeter({ memoryBytes: 64 * 1024 * 1024 });
    expect((await call("reverse", new Uint8Array(1_000_000))).kind).toBe("ok");
    await expect(call("fail", "allocate")).rejects.toThrow("memory allocation of 268435456 bytes failed");
  });

  test("attack: its children do not have the executor's descriptor", async () => {
    const { call, process } = await startGreeter();
    await call("fail", "descriptors");
    const channel = readlinkSync(`/proc/${process.child.pid}/fd/3`);
    await process.end();
    expect(channel).toContain("socket:");
    expect(process.output).toContain("/dev/null");
    expect(process.output).not.toContain(channel);
  });

  test("attack: it does not outlive what started it, even in a call", async () => {
    let isAsked = (): void => undefined;
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    const { process, call } = await startGreeter({ imports: [pullImport], onHostCall: () => new Promise(() => isAsked()) });
    const calling = expect(call("sum", 1n)).rejects.toThrow("ended with SIGKILL");
    await asked;
    await process.end();
    await calling;
  });
});

describe.skipIf(!hasLibrary("greeter"))("attack: clients", () => {
  test.each([
    ["a function that is not there", `${GREETER}#nothing`, new Uint8Array()],
    ["a name of every object", `${GREETER}#constructor`, new Uint8Array()],
    ["no name", "", new Uint8Array()],
    ["a length that is not there", `${GREETER}#greet`, new Uint8Array(8).fill(0xff)],
    ["a length of nothing", `${GREETER}#reverse`, new Uint8Array([5, 0, 0, 0, 0, 0, 0, 0, 1])],
    ["text that is none", `${GREETER}#greet`, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 0xff])],
    ["bytes behind the arguments", `${GREETER}#add`, new Uint8Array(17)],
    ["no arguments", `${GREETER}#add`, new Uint8Array()],
    ["no resource", `${GREETER}#[method]tick-stream.next`, new Uint8Array(3)],
  ])("%s", async (_, target, args) => {
    const { process } = await startGreeter();
    expect((await process.call(target, args)).kind).toBe("trap");
  });

  test("a call without a name, and a drop without a number", async () => {
    const { process } = await startGreeter();
    expect((await process.order(2, new Uint8Array([9, 0, 1]))).kind).toBe("trap");
    expect((await process.order(3, new Uint8Array([1]))).kind).toBe("trap");
  });
});
