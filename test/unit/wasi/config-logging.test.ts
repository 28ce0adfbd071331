import { describe, expect, it } from "vitest";
import type { World } from "../../../src/component/world.js";
import { createImportTable } from "../../../src/wasi/import-table.js";
import { testGuest } from "./denied-guest.js";

type Members = Record<string, (...values: unknown[]) => unknown>;

/** The table of a component that imports one interface with these functions. */
function imported(name: string, functions: readonly string[], guest: ReturnType<typeof testGuest>): Members {
  const type = { async: false, parameters: [], result: null };
  const shape = { name, functions: functions.map((called) => ({ name: called, type })), resources: [] };
  const world: World = { types: [], imports: { functions: [], interfaces: [shape] }, exports: { functions: [], interfaces: [] } };
  const found = createImportTable(world, new Map([[name, "config"]]), guest.context, [])[name];
  return found as Members;
}

describe.each([
  "wasi:config/store@0.2.0-draft", "wasi:config/store@0.2.0-draft-2024-09-27", "wasi:config/store@0.2.0-rc.1", "wasi:config/runtime@0.2.0-draft",
])("%s", (name) => {
  const config = [["greeting", "hello"], ["__proto__", "only a name"], ["empty", ""]] as const;

  it("gives what the app set for this plugin, and nothing for what it did not", () => {
    const { get, getAll } = imported(name, ["get", "get-all"], testGuest({ grants: ["config"], config }));
    expect([get?.("greeting"), get?.("__proto__"), get?.("empty")]).toEqual(["hello", "only a name", ""]);
    for (const missing of ["", "constructor", "toString", "Greeting"]) expect(get?.(missing), missing).toBeUndefined();
    expect(getAll?.()).toEqual(config);
  });

  it("gives lists of its own: a guest's glue changes nothing for the next call", () => {
    const { getAll } = imported(name, ["get-all"], testGuest({ grants: ["config"], config }));
    const list = getAll?.() as string[][];
    list[0]?.splice(0);
    list.pop();
    expect(getAll?.()).toEqual([["greeting", "hello"], ["__proto__", "only a name"], ["empty", ""]]);
  });

  it("is denied where it was not granted, whatever the app has set", () => {
    const guest = testGuest({ config });
    const { get } = imported(name, ["get"], guest);
    expect(() => get?.("greeting")).toThrow(WebAssembly.RuntimeError);
    expect(guest.context.fatal).toEqual({ kind: "denied", authority: "config", import: `${name}#get` });
    expect(guest.events).toHaveLength(1);
  });
});

describe.each(["wasi:logging/logging@0.1.0-draft", "wasi:logging/logging"])("%s", (name) => {
  it("tells the host the level, the context and the message", () => {
    const guest = testGuest({ grants: ["log"] });
    const { log } = imported(name, ["log"], guest);
    for (const level of ["trace", "critical"]) log?.(level, "context", "message\n\u0000");
    expect(guest.events).toEqual(["trace", "critical"].map((level) => ({ kind: "log", level, context: "context", message: "message\n\u0000" })));
  });

  it("is denied where it was not granted", () => {
    const guest = testGuest();
    expect(() => imported(name, ["log"], guest)["log"]?.("info", "", "x")).toThrow(WebAssembly.RuntimeError);
    expect(guest.events.map(({ kind }) => kind)).toEqual(["denied"]);
  });
});
