import { describe, expect, test } from "vitest";
import { hasHostileLibraries, hostileAnswer, startHostile } from "../../support/hostile-library.js";
import { HOST_CALL, PULL } from "../../support/native-greeter.js";

describe.skipIf(!hasHostileLibraries)("attack: what a library asks of its host is not believed", () => {
  test.each([
    ["host-good", 0],
    ["host-answer", 1],
    ["host-free-twice", 0],
  ])("%s has its answer", async (name, status) => {
    const call = await startHostile(name);
    expect(await call("ask")).toEqual({ kind: "ok", value: status });
    expect(await call("ask")).toEqual({ kind: "ok", value: status });
  });

  test.each([
    ["host-context", "with a context that it was not given"],
    ["host-input", "in_ptr, at 0x70000000000, is not memory that can be read, for 8 bytes"],
    ["host-input-null", "in_ptr is null"],
    ["host-input-length", "with 4294967295 bytes of arguments"],
    ["host-out-null", "out_ptr is null"],
    ["host-out-code", "out_ptr, at "],
    ["host-out-length", "out_len, at 0x70000000000, is not memory that can be written"],
  ])("%s", async (name, message) => {
    const call = await startHostile(name);
    expect(await call("ask")).toEqual({ kind: "trap", value: expect.stringContaining(message) as unknown });
  });

  test("the app is not asked when there is no place for its answer", async () => {
    const asked: string[] = [];
    const call = await startHostile("host-out-null", { onHostCall: (target) => { asked.push(target); return hostileAnswer(target); } });
    await call("ask");
    // Whether the interface is there, and nothing else.
    expect(asked).toEqual([HOST_CALL]);
  });

  test.each([["bind-refuses", "(status -5)"], ["bind-counts", "(status -6)"]])("%s", async (name, message) => {
    const call = await startHostile(name);
    expect(await call("ask")).toEqual({ kind: "trap", value: expect.stringContaining(message) as unknown });
  });

  test.each([["take-good", 0], ["take-small", 10], ["take-drop-twice", 0]])("%s has its item", async (name, status) => {
    const call = await startHostile(name);
    expect(await call("take")).toEqual({ kind: "ok", value: status });
    expect(await call("take")).toEqual({ kind: "ok", value: status });
  });

  test.each([
    ["take-unmapped", "the buffer, at 0x70000000000, is not memory that can be written, for 5 bytes"],
    ["take-length-null", "out_len is null"],
    ["take-other", "of a stream that it was not given, or has dropped"],
    ["take-after-drop", "of a stream that it was not given, or has dropped"],
  ])("%s", async (name, message) => {
    const call = await startHostile(name);
    expect(await call("take")).toEqual({ kind: "trap", value: expect.stringContaining(message) as unknown });
  });

  test("streams that are kept are counted", async () => {
    const call = await startHostile("take-keeps");
    for (let count = 0; count < 4096; count++) await call("take");
    expect(await call("take")).toEqual({ kind: "trap", value: "it keeps 4096 streams that it was given, and drops none" });
  });

  test(`only ${PULL} is asked for items`, async () => {
    const asked: string[] = [];
    const call = await startHostile("take-good", { onHostCall: (target) => { asked.push(target); return hostileAnswer(target); } });
    await call("take");
    expect(asked).toEqual([PULL]);
  });
});
