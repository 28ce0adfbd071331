import { describe, expect, test } from "vitest";
import { decodeBincode } from "../../../src/bincode/decode-bincode.js";
import { encodeBincode } from "../../../src/bincode/encode-bincode.js";
import { fromUtf8 } from "../../../src/bytes/utf8.js";
import { FidiusError, type FidiusHostInterface, FIDIUS_ERROR_TYPE, hostCallCarrier } from "../../../src/fidius/host-call.js";

const failures: string[] = [];
const ledger: FidiusHostInterface = {
  name: "Ledger", version: 3, hash: 7n, documentation: "Read the ledger",
  methods: [
    { name: "balance", parameters: ["string"], result: "s64", call: (account: string) => {
      if (account === "nobody") throw new FidiusError("no-account", "none", "{}");
      if (account === "secret") throw new Error("the secret of the app");
      return account === "lie" ? "much" : 41n;
    } },
    { name: "close", parameters: [], result: null, call: () => undefined },
    { name: "raw", encoded: (args) => args.slice().reverse() },
    { name: "broken", encoded: () => "text" as unknown as Uint8Array },
    { name: "odd", parameters: [], result: null, call: () => { throw new FidiusError("odd", "\ud800"); } },
  ],
};

type Answer = Promise<readonly [number, Uint8Array]>;

async function call(index: number, args: Uint8Array, { name = "Ledger", version = 3, hash = 7n, interfaces = [ledger] } = {}): Promise<readonly [number, Uint8Array]> {
  failures.length = 0;
  const carrier = hostCallCarrier(interfaces, (functionName, error) => failures.push(`${functionName}: ${(error as Error).message}`));
  const implementation = carrier.functions.get("call");
  if (implementation === undefined) throw new Error("the carrier has no call");
  return implementation(name, version, hash, index, args, { plugin: { id: "a", version: "1.0.0" }, signal: new AbortController().signal }) as Answer;
}

const account = (text: string): Uint8Array => encodeBincode({ kind: "tuple", items: ["string"] }, [text]);
const pair = (type: "u32" | "u64", bytes: Uint8Array): unknown => decodeBincode({ kind: "tuple", items: [type, type] }, bytes);

describe("a call of a fidius host function", () => {
  test("answers with the bincode of its result, or of fidius's error", async () => {
    expect(await call(0, account("ada"))).toEqual([0, encodeBincode("s64", 41n)]);
    expect(await call(1, new Uint8Array())).toEqual([0, new Uint8Array()]);
    expect(await call(2, new Uint8Array([1, 2]))).toEqual([0, new Uint8Array([2, 1])]);
    const [status, payload] = await call(0, account("nobody"));
    expect(status).toBe(-3);
    expect(decodeBincode(FIDIUS_ERROR_TYPE, payload)).toEqual({ code: "no-account", message: "none", details: "{}" });
    expect(failures).toEqual([]);
  });

  test("is told what is not there before anything is called", async () => {
    expect(await call(0, account("ada"), { name: "Other" })).toEqual([-7, new Uint8Array()]);
    expect(await call(0, account("ada"), { interfaces: [] })).toEqual([-7, new Uint8Array()]);
    expect(await call(0, account("ada"), { name: "__proto__" })).toEqual([-7, new Uint8Array()]);
    const [version, versions] = await call(0, account("ada"), { version: 4 });
    expect([version, pair("u32", versions)]).toEqual([-8, [4, 3]]);
    const [hash, hashes] = await call(0, account("ada"), { hash: 2n ** 64n - 1n });
    expect([hash, pair("u64", hashes)]).toEqual([-9, [2n ** 64n - 1n, 7n]]);
    expect((await call(0, account("ada"), { version: 4, hash: 8n }))[0], "the version comes first").toBe(-8);
  });

  test("can ask whether the interface is there", async () => {
    expect(await call(0xffff_ffff, new Uint8Array([9]))).toEqual([0, new Uint8Array()]);
    expect((await call(0xffff_ffff, new Uint8Array(), { hash: 8n }))[0]).toBe(-9);
    expect(await call(5, new Uint8Array())).toEqual([-6, new Uint8Array()]);
    expect(await call(0xffff_fffe, new Uint8Array())).toEqual([-6, new Uint8Array()]);
  });

  test("with arguments that are none of its types never reaches the app", async () => {
    for (const args of [new Uint8Array(), account("ada").slice(0, 9), new Uint8Array([...account("ada"), 0]), new Uint8Array(8).fill(255), new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 255])]) {
      expect(await call(0, args)).toEqual([-2, new Uint8Array()]);
    }
    expect(failures).toEqual([]);
  });

  test("that fails in the app says so, and never how", async () => {
    const [panic, message] = await call(0, account("secret"));
    expect([panic, decodeBincode("string", message)]).toEqual([-4, "it failed in the app"]);
    expect(fromUtf8(message)).not.toContain("secret");
    expect(failures).toEqual(["Ledger.balance: the secret of the app"]);
    expect((await call(0, account("lie")))[0]).toBe(-2);
    expect(failures).toHaveLength(1);
    expect((await call(3, new Uint8Array()))[0]).toBe(-2);
    expect((await call(4, new Uint8Array()))[0], "an error that cannot be written").toBe(-2);
    expect(failures).toHaveLength(1);
  });

  test("two interfaces of one name are a mistake of the app", () => {
    expect(() => hostCallCarrier([ledger, ledger], () => undefined)).toThrow("two have the same name");
  });
});
