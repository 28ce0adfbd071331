import { describe, expect, test } from "vitest";
import { decodeBincode } from "../../../src/bincode/decode-bincode.js";
import { encodeBincode } from "../../../src/bincode/encode-bincode.js";
import { HOST_CALL, hostCallImport, PLUGIN_ERROR, startGreeter } from "../../support/native-greeter.js";
import { hasLibrary, type HostAnswer } from "../../support/native-process.js";

/** The app's Ledger, behind fidius's host calls. */
function ledger(answers: (index: number, args: Uint8Array) => readonly [status: number, payload: Uint8Array], offered = "Ledger"): (target: string, args: Uint8Array) => HostAnswer {
  return (target, args) => {
    expect(target).toBe(HOST_CALL);
    const [name, version, , index, inner] = decodeBincode({ kind: "tuple", items: ["string", "u32", "u64", "u32", { kind: "list", element: "u8" }] }, args) as [string, number, bigint, number, Uint8Array];
    const answer = name !== offered || version !== 3 ? ([-7, new Uint8Array()] as const) : index === 0xffff_ffff ? ([0, new Uint8Array()] as const) : answers(index, inner);
    return { kind: "ok", bytes: encodeBincode({ kind: "tuple", items: ["s32", { kind: "list", element: "u8" }] }, answer) };
  };
}

const account = (args: Uint8Array): string => (decodeBincode({ kind: "tuple", items: ["string"] }, args) as [string])[0];
const balances = ledger((_, args) => (account(args) === "none" ? [-3, encodeBincode(PLUGIN_ERROR, { code: "no-account", message: "none", details: "{}" })] : [0, encodeBincode("s64", BigInt(account(args).length))]));

describe.skipIf(!hasLibrary("greeter"))("host functions of a library", () => {
  test("are called, and fail as they do", async () => {
    const { call } = await startGreeter({ imports: [hostCallImport], onHostCall: balances });
    expect(await call("balance", "Ada")).toEqual({ kind: "ok", value: 3n });
    expect(await call("balance", "none")).toEqual({ kind: "err", value: { code: "no-account", message: "none", details: "{}" } });
  });

  test("are called from threads, several at once", async () => {
    const { call } = await startGreeter({ imports: [hostCallImport], onHostCall: balances });
    const accounts = Array.from({ length: 20 }, (_, place) => "x".repeat(place));
    expect(await call("balances-in-threads", accounts)).toEqual({ kind: "ok", value: new BigInt64Array(accounts.map(({ length }) => BigInt(length))) });
  });

  test("are called between calls, by a thread that goes on", async () => {
    let asked = (): void => undefined;
    const wasAsked = new Promise<void>((resolve) => (asked = resolve));
    const { call } = await startGreeter({
      imports: [hostCallImport],
      onHostCall: (target, args) => {
        const answer = balances(target, args);
        if ("bytes" in answer && answer.bytes.length === 20) asked();
        return answer;
      },
    });
    expect((await call("balance-later", "thread")).kind).toBe("ok");
    await wasAsked;
    let later = await call("later");
    while (later.value === "") later = await call("later");
    expect(later).toEqual({ kind: "ok", value: "Ok(6)" });
  });

  test("the library stays loaded, whatever the garbage collector takes", async () => {
    const { call } = await startGreeter({ imports: [hostCallImport], onHostCall: balances, flags: ["--gc-interval=50", "--gc-global"] });
    for (let count = 1; count <= 200; count++) expect(await call("count")).toEqual({ kind: "ok", value: count });
    expect(await call("balances-in-threads", ["Ada", "Bo"])).toEqual({ kind: "ok", value: new BigInt64Array([3n, 2n]) });
  });

  test.each([
    ["answers with a text", [0, encodeBincode("string", "noted")], "noted"],
    ["cannot read the arguments", [-2, new Uint8Array()], 'Serialization("host could not decode arguments or encode the result")'],
    ["panics", [-4, encodeBincode("string", "oh")], 'HostPanic("oh")'],
    ["does not know the function", [-6, new Uint8Array()], "InvalidIndex { index: 1 }"],
    ["answers with what is no text", [0, new Uint8Array([1])], 'Deserialization("bincode wire error: io error: unexpected end of file")'],
    ["answers with a status of its own", [-70, new Uint8Array()], "UnknownStatus { code: -70 }"],
  ] as const)("a host that %s", async (_, answer, text) => {
    const { call } = await startGreeter({ imports: [hostCallImport], onHostCall: ledger(() => answer) });
    expect(await call("note", ["a", "b"])).toEqual({ kind: "ok", value: text });
  });

  test("of an interface that the app does not offer are not bound", async () => {
    const { call } = await startGreeter({ imports: [hostCallImport], onHostCall: ledger(() => [0, new Uint8Array()], "Other") });
    expect(await call("note", [])).toEqual({ kind: "ok", value: 'NotBound { interface: "Ledger" }' });
  });

  test("of an app that does not say whether it offers them are not bound", async () => {
    const { call } = await startGreeter({ imports: [hostCallImport], onHostCall: () => ({ kind: "failed", message: "no" }) });
    expect(await call("note", [])).toEqual({ kind: "ok", value: 'NotBound { interface: "Ledger" }' });
  });

  test("attack: what was not granted is not bound, and nothing is asked", async () => {
    const { call } = await startGreeter({ imports: [], onHostCall: () => { throw new Error("it was asked"); } });
    expect(await call("note", [])).toEqual({ kind: "ok", value: 'NotBound { interface: "Ledger" }' });
  });

  test("attack: arguments with what is around them are no larger than a message", async () => {
    const { call } = await startGreeter({ imports: [hostCallImport], onHostCall: balances });
    expect(await call("balance", "x".repeat(1024 * 1024 - 16))).toEqual({ kind: "host-failed", value: expect.stringContaining("bytes of arguments, and at most 1048576 are allowed") as unknown });
  });

  test("that fail in the app end the call with the app's reason, whatever the library answers", async () => {
    let probed = false;
    const { call } = await startGreeter({
      imports: [hostCallImport],
      onHostCall: (target, args) => {
        if (probed) return { kind: "failed", message: "host:ledger was revoked" };
        probed = true;
        return balances(target, args);
      },
    });
    expect(await call("note", [])).toEqual({ kind: "host-failed", value: "host:ledger was revoked" });
  });
});
