/**
 * Guests that loop, allocate, claim, flood and wait, each from a real core module. Each costs the app an error with its own
 * code and nothing else: the page goes on, a plugin beside it is answered meanwhile, and its own next call succeeds.
 */
import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { limitCoreModules } from "../../src/component/core-module-limits.js";
import { expect, test } from "../support/browser-test.js";
import { attack, besideHostile, expectUnharmed, loadHostile, type Steps } from "../support/hostile-guest.js";
import { loadNotes } from "../support/notes-plugin.js";
import { PluginPage } from "../support/plugin-page.js";
import { loadRequesting } from "../support/requesting-plugin.js";

// A page that answers nothing meanwhile has none. Its timer would fire two hundred times in a second that is not busy.
const SOME_HEARTBEATS = 10;

test.describe("a guest that never answers is ended by its deadline, if it", () => {
  for (const [what, steps] of [
    ["loops in a call", [["spin"]]],
    ["loops in cabi_realloc", [["take", "text"]]],
    ["loops in a stream's step", [["new Numbers"], ["next"], ["next"], ["next"]]],
    ["loops in a destructor", [["new Sticky"], ["dispose"]]],
    ["allocates and touches memory for ever", [["allocate"]]],
    ["grows its tables for ever", [["growTables"]]],
  ] as const satisfies readonly (readonly [string, Steps])[]) {
    test(what, async ({ page, server }) => {
      const plugins = await besideHostile(page, server, loadHostile("hostile-guest"));
      const attacked = await attack(plugins, "hostile-guest", steps);
      expect(attacked.outcome.error?.code, JSON.stringify(attacked.outcome)).toBe("timeout");
      expect(attacked.heartbeats).toBeGreaterThan(SOME_HEARTBEATS);
      expectUnharmed(attacked);
      expect((await plugins.call("hostile-guest", "count", [], { timeoutMs: 60_000 })).value, "a fresh instance").toBe(1);
    });
  }

  test("loops in its start function", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    await plugins.loadComponent("small-c");
    const { error } = await plugins.loadComponent("start-loop", { host: { limits: { instantiateMilliseconds: 500 } } });
    expect(error?.code).toBe("timeout");
    expect((await plugins.call("small-c", "add", [40, 2])).value).toBe(42);
  });
});

test.describe("a guest that breaks is ended with a trap, if it", () => {
  for (const [what, name, found] of [
    ["traps", "trap", "unreachable"],
    ["recurses", "recurse", "stack"],
    ["makes handles for ever", "makeHandles", "handles"],
    ["returns a list of 2 GiB that is not there", "bytesOutside", "outside"],
  ] as const) {
    test(what, async ({ page, server }) => {
      const plugins = await besideHostile(page, server, loadHostile("hostile-guest", { callMilliseconds: 60_000 }));
      const attacked = await attack(plugins, "hostile-guest", [[name]]);
      expect(attacked.outcome.error?.code, JSON.stringify(attacked.outcome)).toBe("trap");
      expect(attacked.outcome.error?.message).toContain(found);
      expectUnharmed(attacked);
    });
  }
});

test.describe("what a guest returns is counted before it is lifted:", () => {
  for (const name of [
    "bytesInside", "pointsOutside", "pointsInside", "flagsInside", "tuplesInside", "longText", "sameBytes", "sameTexts", "samePoints", "emptyLists",
  ]) {
    test(name, async ({ page, server }) => {
      // A deadline that does not save anybody: it is refused at once.
      const plugins = await besideHostile(page, server, loadHostile("hostile-guest", { callMilliseconds: 60_000 }));
      const attacked = await attack(plugins, "hostile-guest", [[name]]);
      expect(attacked.outcome.error?.code, JSON.stringify(attacked.outcome)).toBe("result-invalid");
      expect(attacked.outcome.error?.message).toContain("messageBytes");
      expect(attacked.outcome.error?.message, "refused in the worker").toContain("It was not read");
      expectUnharmed(attacked);
      expect((await plugins.call("hostile-guest", "few")).value).toEqual([{ x: 1, y: 2 }, { x: 3, y: 4 }, { x: 5, y: 6 }]);
    });
  }

  test("each message has the whole of its limit", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    // Three points take 64 bytes and 24 on the page.
    await plugins.loadComponent("hostile-guest", { host: { limits: { messageBytes: 100 } } });
    for (let round = 0; round < 5; round += 1) expect((await plugins.call("hostile-guest", "few")).value).toHaveLength(3);
  });
});

test.describe("memories and tables end where they must:", () => {
  test("growing fails inside the guest", async ({ page, server }) => {
    const plugins = await besideHostile(page, server, loadHostile("hostile-guest", { memoryBytes: 100 * 65_536, tableElements: 20_000, callMilliseconds: 60_000 }));
    expect((await plugins.call("hostile-guest", "fillMemory")).value).toBe(100);
    const elements = (await plugins.call("hostile-guest", "fillTable")).value as number;
    // The other table has its share.
    expect(elements).toBeGreaterThan(8_000);
    expect(elements).toBeLessThan(10_001);
    expectUnharmed(await attack(plugins, "hostile-guest", [["trap"]]));
  });

  test("by default too", async ({ page, server }) => {
    const plugins = await besideHostile(page, server, loadHostile("hostile-guest", { callMilliseconds: 60_000 }));
    expect((await plugins.call("hostile-guest", "fillMemory")).value).toBe(4_096);
    expect((await plugins.call("hostile-guest", "fillTable")).value).toBeLessThan(500_001);
  });

  test("a core module with a memory is not instantiated twice", async ({ page, server }) => {
    const { error } = await new PluginPage(page, server).loadComponent("twice");
    expect(error?.code).toBe("instantiate-failed");
    expect(error?.message).toContain("twice");
  });

  test("WebAssembly GC, whose objects no memory bounds, is refused before anything runs", async ({ page, server }) => {
    const { error } = await new PluginPage(page, server).loadComponent("gc-heap");
    expect(error?.code).toBe("component-unsupported");
    expect(error?.message).toContain("WebAssembly GC");
  });

  test("lowered modules are valid in this engine, whatever their limits' form, and bounded", async ({ page }) => {
    const texts = [
      "(module (memory (export \"x\") i64 1))", "(module (memory (export \"x\") 1 9 shared))", "(module (memory 1) (memory (export \"x\") 1 70))",
      "(module (func $f) (table (export \"x\") 1 funcref (ref.func $f)) (elem declare func $f))",
      "(module (table (export \"x\") i64 1 funcref))", "(module (type $s (func)) (table (export \"x\") 1 1000000 (ref null $s)))",
      "(module (table (export \"x\") 1 externref) (global i64 (i64.add (i64.const 1) (i64.const 2))))",
    ];
    for (const text of texts) {
      const bytes = await parse(text);
      const [limited] = limitCoreModules([{ bytes }], { memoryBytes: 6 * 65_536, tableElements: 6 }, "acme.test");
      const grown = await page.evaluate(([given, lowered]) => {
        const make = (values: readonly number[]) => new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(values))).exports["x"] as WebAssembly.Memory;
        const grow = (storage: WebAssembly.Memory) => {
          for (const size of [7, 7n]) {
            try {
              return storage.grow(size as number) !== undefined;
            } catch (error) {
              if (error instanceof TypeError) continue;
              return false;
            }
          }
          return undefined;
        };
        return [grow(make(given)), grow(make(lowered))];
      }, [[...bytes], [...(limited?.bytes ?? [])]] as const);
      expect(grown, text).toEqual([true, false]);
    }
  });
});

test.describe("a guest with grants that", () => {
  const load = (callMilliseconds: number) => (plugins: PluginPage) =>
    loadRequesting(plugins, plugins.server, "hostile-imports", ["log", "clocks"], { host: { grant: ["log", "clocks"], limits: { callMilliseconds } } });

  test("writes logs for ever is ended by its deadline, and the app gets no more than its limit", async ({ page, server }) => {
    const plugins = await besideHostile(page, server, load(1_000));
    const attacked = await attack(plugins, "hostile-imports", [["flood"]]);
    expect(attacked.outcome.error?.code).toBe("timeout");
    expect(attacked.heartbeats).toBeGreaterThan(SOME_HEARTBEATS);
    expectUnharmed(attacked);
    const heard = (await plugins.events()).map(({ event }) => event as { readonly kind: string; readonly message?: string } | undefined);
    const logged = heard.filter((event) => event?.kind === "log");
    expect(logged.length).toBeGreaterThan(100);
    expect(logged.reduce((bytes, event) => bytes + 2 * (event?.message?.length ?? 0), 0)).toBeLessThan(1024 * 1024);
    expect(heard.some((event) => event?.kind === "output-truncated"), "the app is told").toBe(true);
  });

  test("passes 200 MB to a host call is refused before that is lifted", async ({ page, server }) => {
    const plugins = await besideHostile(page, server, load(60_000));
    const attacked = await attack(plugins, "hostile-imports", [["longLog"]]);
    expect(attacked.outcome.error?.code, JSON.stringify(attacked.outcome)).toBe("result-invalid");
    expect(attacked.outcome.error?.message).toContain("messageBytes");
    expectUnharmed(attacked);
    // Each call's arguments are a message of their own.
    expect((await plugins.call("hostile-imports", "logSome", [1_000])).value).toBe(1_000);
  });

  test("waits for ever on a clock is ended by its deadline", async ({ page, server }) => {
    const plugins = await besideHostile(page, server, load(1_000));
    const attacked = await attack(plugins, "hostile-imports", [["wait"]]);
    expect(attacked.outcome.error?.code).toBe("timeout");
    expect(attacked.heartbeats).toBeGreaterThan(SOME_HEARTBEATS);
    expectUnharmed(attacked);
  });

  test("makes clocks for ever is ended with a trap", async ({ page, server }) => {
    const plugins = await besideHostile(page, server, load(60_000));
    const attacked = await attack(plugins, "hostile-imports", [["subscribe"]]);
    expect(attacked.outcome.error?.code, JSON.stringify(attacked.outcome)).toBe("trap");
    expect(attacked.outcome.error?.message).toContain("handles");
    expectUnharmed(attacked);
  });

  test("calls the app for ever is ended by its deadline", async ({ page, server }) => {
    const plugins = await besideHostile(page, server, (loading) => loadNotes(loading, server, "host-loop", { limits: { callMilliseconds: 1_000 } }));
    const attacked = await attack(plugins, "host-loop", [["spinCalls"]]);
    expect(attacked.outcome.error?.code, JSON.stringify(attacked.outcome)).toBe("timeout");
    expect(attacked.heartbeats).toBeGreaterThan(SOME_HEARTBEATS);
    expect(attacked.wrong).toEqual([]);
    expect(attacked.answered).toBeGreaterThan(0);
    // All that it can do is calling the app: its next call does so in a fresh instance, to its own deadline.
    expect((await plugins.call("host-loop", "spinCalls")).error?.code).toBe("timeout");
  });
});
