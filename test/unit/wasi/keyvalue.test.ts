import { describe, expect, it } from "vitest";
import { createKeyValueBroker } from "../../../src/broker/keyvalue/keyvalue-broker.js";
import { memoryKeyValue } from "../../../src/broker/keyvalue/memory-keyvalue.js";
import { createImportTable } from "../../../src/wasi/import-table.js";
import { keyValueExtension } from "../../../src/wasi/keyvalue.js";
import { testInstance } from "../broker/broker-context.js";
import { testGuest } from "./denied-guest.js";
import { KEY_VALUE_WORLDS } from "./keyvalue-worlds.js";
import { MODES, runGuest } from "./run-guest.js";

async function run(mode: (typeof MODES)[number], scenario: string, grant = "keyvalue") {
  const instance = testInstance([grant]);
  const broker = createKeyValueBroker(instance.context, memoryKeyValue(), "plugin");
  const result = await runGuest(mode, scenario, { instance, brokers: [broker], grants: ["keyvalue"] });
  expect(instance.failures).toEqual([]);
  expect({ promised: result.promised, immediate: result.immediate }).toMatchObject(mode === "suspended" ? { promised: true } : { promised: false });
  return result.value;
}

it.each(["draft", "draft2", "draft2 of 2026"] as const)("wasi:keyvalue of %s is denied by its own error where it was not granted", (version) => {
  const world = KEY_VALUE_WORLDS[version];
  const guest = testGuest();
  const table = createImportTable(world, new Map(world.imports.interfaces.map(({ name }) => [name, "keyvalue"])), guest.context, [keyValueExtension]);
  const store = Object.entries(table).find(([name]) => name.startsWith("wasi:keyvalue/store@"))?.[1] as { readonly open: (name: string) => unknown };
  expect(() => store.open("b")).toThrow(expect.objectContaining({ payload: { tag: "access-denied" } }) as Error);
  expect(guest.events).toEqual([{ kind: "denied", authority: "keyvalue", import: expect.stringMatching(/^wasi:keyvalue\/store@.*#open$/) as unknown }]);
  // Nothing was called: this guest has no way to the page, and trying would have ended it.
  expect(guest.context.fatal).toBeUndefined();
});

describe.each(MODES)("wasi:keyvalue for a guest that is %s", (mode) => {
  it("keeps values, in the bucket of each name", async () => {
    expect(await run(mode, "keep and read")).toEqual([undefined, false, "value", true, undefined]);
  });

  it("has no store of an impossible name", async () => {
    const value = await runGuest(mode, "no such store", { instance: testInstance(["keyvalue"]), brokers: [createKeyValueBroker(testInstance(["keyvalue"]).context, memoryKeyValue(), "plugin")], grants: ["keyvalue"] });
    expect(value.value).toEqual([{ tag: "no-such-store" }, { tag: "no-such-store" }]);
  });

  it("lists keys with the cursors of each draft", async () => {
    expect(await run(mode, "list page by page")).toEqual({
      numbered: { keys: 1_200, cursors: ["bigint", "bigint", "undefined"] },
      named: { keys: 1_200, cursors: ["string", "string", "undefined"] },
      unknown: { tag: "other", val: "77 is no cursor that list-keys gave, or 1024 others came after it" },
    });
  });

  it("answers batches in the form of each draft", async () => {
    const early = [["a", "1"], undefined, ["__proto__", "2"]];
    const later = [["a", "1"], ["none", undefined], ["__proto__", "2"]];
    expect(await run(mode, "batches")).toEqual([early, ["__proto__"], early, ["__proto__"], later, ["__proto__"]]);
  });

  it("increments in the type of each draft", async () => {
    expect(await run(mode, "increments")).toEqual([
      5n, -10n, { tag: "other", val: expect.stringContaining("-9") as unknown }, 0n, { "it answered": 2n ** 64n - 1n }, { tag: "other", val: expect.stringContaining("18446744073709551616") as unknown },
    ]);
  });

  it("swaps, and gives a renewed handle to the one that lost", async () => {
    expect(await run(mode, "swaps")).toEqual([undefined, "cas-failed", "first", "third", "cas-failed"]);
    expect(await run(mode, "swaps with values")).toEqual(["now", "cas-failed", "changed", "mine"]);
  });

  it("tells a full store from a lost swap", async () => {
    expect(await run(mode, "a store that fails in a swap", "keyvalue:10")).toEqual({ tag: "store-error", val: { tag: "other", val: expect.stringMatching(/^quota exceeded: 0 bytes/) as unknown } });
  });
});
