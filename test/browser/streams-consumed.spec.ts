/** Streams that plugins read: what the app answers with, and what it gives as arguments; and both directions at once. */
import { expect, test } from "../support/browser-test.js";
import { loadPumps } from "../support/pumps-plugin.js";
import { PluginPage } from "../support/plugin-page.js";

const TRANSPORTS = [
  { transport: "promise integration", prefix: "" },
  { transport: "shared memory", prefix: "isolated/" },
] as const;

for (const { transport, prefix } of TRANSPORTS) {
  test.describe(`over ${transport}`, () => {
    test.use({ pagePath: `${prefix}pages/blank.html` });

    async function load(page: PluginPage["page"], server: PluginPage["server"], options: Parameters<typeof loadPumps>[2] = {}): Promise<PluginPage> {
      const plugins = new PluginPage(page, server, prefix);
      expect((await loadPumps(plugins, server, options)).error).toBeUndefined();
      return plugins;
    }

    /** Runs in the page with the plugin's handle and the app's module. */
    async function run<Result>(plugins: PluginPage, work: (page: { handle: any; app: any; describe: (error: unknown) => unknown }) => Promise<Result>): Promise<Result> {
      const modules = await plugins.page.evaluateHandle(async (base) => {
        const { handle, describeError } = await import(`${base}plugins.js`);
        return { handle: handle("pumps-rust"), app: await import(`${base}streams-app.js`), describe: describeError };
      }, plugins.server.url(`${prefix}pages/`));
      return (await modules.evaluate(work as never)) as Result;
    }

    test("an app's function answers with anything that has items", async ({ page, server }) => {
      const plugins = await load(page, server);
      for (const [name, sum] of [["array", 6n], ["set", 9n], ["generator", 10n], ["readable", 10n], ["object", 6n]] as const) {
        expect(await plugins.call("pumps-rust", "collectNamed", [name]), name).toEqual({ value: sum });
      }
      expect(await plugins.call("pumps-rust", "measureNamed", ["readable"])).toMatchObject({ value: [100_000n, expect.any(Number)] });
      expect(await plugins.call("pumps-rust", "readMeterNamed")).toEqual({ value: 4 });
    });

    test("a plugin that drops a stream early leaves the app's source, which made nothing ahead", async ({ page, server }) => {
      const plugins = await load(page, server);
      const seen = await run(plugins, async ({ handle, app }) => {
        const logs: unknown[] = [];
        const logOf = async (work: Promise<unknown>): Promise<unknown> => {
          app.log.length = 0;
          const value = await work;
          // The drop comes as a message of its own.
          await new Promise((resolve) => setTimeout(resolve, 100));
          return [value, [...app.log]];
        };
        logs.push(await logOf(handle.call("takeNamed", ["endless", 2])), await logOf(handle.call("takeNamed", ["readable", 2])));
        logs.push(await logOf(handle.call("take", [app.counting(Infinity), 2])), await logOf(handle.call("take", [app.readableNumbers(9), 1])));
        logs.push(await logOf(handle.call("take", [app.counting(9), 0])), await logOf(handle.call("collect", [app.counting(1)])));
        logs.push(await logOf(handle.call("take", [new app.Meter(9), 1])));
        return JSON.stringify(logs, (_name, value) => (typeof value === "bigint" ? `${value}n` : ArrayBuffer.isView(value) ? [...(value as Uint32Array)] : value));
      });
      expect(JSON.parse(seen)).toEqual([
        [[0, 1], ["make 0", "make 1", "left"]],
        [[0, 1], ["make 0", "make 1", "cancelled"]],
        [[0, 1], ["make 0", "make 1", "left"]],
        [[0], ["make 0", "cancelled"]],
        // Never begun: there is nothing to leave.
        [[], []],
        ["0n", ["make 0", "left"]],
        [[1], ["disposed"]],
      ]);
    });

    test("an app's streams are arguments: iterables, readable streams and objects, one and several, given and lent", async ({ page, server }) => {
      const plugins = await load(page, server);
      const seen = await run(plugins, async ({ handle, app }) => {
        const lent = app.counting(3);
        return {
          collected: [
            await handle.call("collect", [[1, 2, 3]]), await handle.call("collect", [app.counting(4)]),
            await handle.call("collect", [app.readableNumbers(5)]), await handle.call("collect", [new app.Meter(3)]),
          ],
          bytes: await handle.call("measure", [app.bytes(1_000, 300)]),
          blob: (await handle.call("measure", [new Blob([new Uint8Array(5_000)]).stream()]))[0],
          // A stream that was lent goes on where it was left.
          lent: [await handle.call("peek", [lent]), (await lent.next()).value, await handle.call("peek", [lent])],
          meter: await handle.call("readMeter", [new app.Meter(7)]),
        };
      });
      expect(seen).toEqual({
        collected: [6n, 6n, 10n, 6n], bytes: [1_000n, 4], blob: 5_000n, lent: [0, 1, 2], meter: 7,
      });
    });

    test("both directions at once: one in, one out, and the end and a break reach both sides", async ({ page, server }) => {
      const plugins = await load(page, server);
      const seen = await run(plugins, async ({ handle, app }) => {
        const all: unknown[] = [];
        for await (const item of await handle.call("pump", [app.counting(3)])) all.push(item);
        app.log.length = 0;
        const some: unknown[] = [];
        for await (const item of await handle.call("pump", [app.counting(Infinity)])) {
          some.push(item);
          if (some.length === 2) break;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
        const log = [...app.log];
        const joined: unknown[] = [];
        for await (const item of await handle.call("join", [[[1, 2, 3], app.counting(9), app.readableNumbers(9)]])) joined.push(item);
        let copied = 0;
        const copy: ReadableStream<Uint8Array> = (await handle.call("copy", [app.bytes(300_000, 65_536)])).readable();
        await copy.pipeTo(new WritableStream({ write: (chunk) => void (copied += chunk.length) }));
        // One plugin's stream is another's source: here its own, which would wait for itself if it were one call.
        const chained = await handle.call("collect", [[...joined].map(Number)]);
        return { all, some, log, joined, copied, chained, live: await handle.call("live", []) };
      });
      expect(seen).toEqual({
        all: [0n, 2n, 4n], some: [0n, 2n], log: ["make 0", "make 1", "left"], joined: [1n, 4n, 7n], copied: 300_000, chained: 12n, live: 0,
      });
    });

    test("an app's object that a plugin gives back is the same object", async ({ page, server }) => {
      const plugins = await load(page, server);
      const seen = await run(plugins, async ({ handle, app, describe }) => {
        const generator = app.counting(5);
        const meter = new app.Meter(5);
        const readable = app.readableNumbers(5);
        const back = [await handle.call("skip", [generator]), await handle.call("skip", [meter]), await handle.call("skip", [readable])];
        const rest: unknown[] = [];
        for await (const item of back[0]) rest.push(item);
        return {
          same: [back[0] === generator, back[1] === meter, back[2] === readable, readable.locked], rest,
          sum: await handle.call("collect", [meter]), next: await handle.call("collect", [readable]).catch(describe),
        };
      });
      expect(seen).toEqual({ same: [true, true, true, false], rest: [1, 2, 3, 4], sum: 2n + 3n + 4n + 5n, next: 10n });
    });

    test("an error of the app's source is the interface's own where it has one, else it ends the instance; the rest is not told", async ({ page, server }) => {
      const plugins = await load(page, server);
      const own = await plugins.call("pumps-rust", "measureNamed", ["error"]);
      expect(own.error).toMatchObject({ name: "PluginResultError", payload: "the disk is gone" });
      const other = await plugins.call("pumps-rust", "measureNamed", ["throws"]);
      expect(other.error).toMatchObject({ name: "PluginResultError", payload: "probe:streams/sources@1.0.0#[method]chunks.next failed in the app" });
      for (const name of ["error", "throws", "hangs", "wrong", "nothing", "broken", "unusable"]) {
        const { error } = await plugins.call("pumps-rust", "collectNamed", [name]);
        expect(error?.code, name).toBe("host-function-failed");
        expect(JSON.stringify(error), name).not.toContain("secret");
        expect(await plugins.call("pumps-rust", "collectNamed", ["array"]), `after ${name}`).toEqual({ value: 6n });
      }
    });

    test("an error in the middle of both directions comes typed, after the items before it", async ({ page, server }) => {
      const plugins = await load(page, server);
      const seen = await run(plugins, async ({ handle, app, describe }) => {
        const error = Object.assign(new Error("own"), { payload: "gone" });
        const sizes: unknown[] = [];
        try {
          for await (const chunk of await handle.call("copy", [app.bytes(20, 10, error)])) sizes.push(chunk.length);
        } catch (failure) {
          sizes.push(describe(failure));
        }
        return sizes;
      });
      expect(seen).toMatchObject([10, 10, { name: "PluginResultError", payload: "gone" }]);
    });

    test("what is no stream and no such object is refused before the plugin is entered", async ({ page, server }) => {
      const plugins = await load(page, server);
      const seen = await run(plugins, async ({ handle, app, describe }) => {
        const locked = app.readableNumbers(3);
        locked.getReader();
        const errors: unknown[] = [];
        for (const value of [undefined, null, 5, "text", {}, { next: 5 }, locked]) errors.push(await handle.call("collect", [value]).catch(describe));
        errors.push(await handle.call("readMeter", [{ next: () => undefined }]).catch(describe));
        // The other arguments of a refused call stay the app's.
        app.log.length = 0;
        errors.push(await handle.call("join", [[app.counting(3), 7]]).catch(describe));
        return { errors, log: app.log, after: await handle.call("collect", [[1]]) };
      });
      expect(seen.errors).toHaveLength(9);
      for (const error of seen.errors) expect(error).toMatchObject({ code: "argument-invalid", message: expect.stringContaining("wanted a ") });
      expect(seen.log).toEqual([]);
      expect(seen.after).toBe(1n);
    });

    test("when the instance ends, the sources that it held are left", async ({ page, server }) => {
      const plugins = await load(page, server);
      const seen = await run(plugins, async ({ handle, app, describe }) => {
        const generator = app.counting(9);
        const readable = app.readableNumbers(9);
        const pumped = await handle.call("pump", [generator]);
        const items = pumped.items();
        await items.next();
        await handle.call("keep", [readable]);
        await handle.call("keep", [new app.Meter(3)]);
        app.log.length = 0;
        await handle.call("collectNamed", ["throws"]).catch(describe);
        await new Promise((resolve) => setTimeout(resolve, 100));
        return { log: app.log.filter((entry: string) => !entry.startsWith("make")).sort(), next: await items.next().catch(describe) };
      });
      // `throws` is left by itself.
      expect(seen.log).toEqual(["disposed", "left", "left"]);
      expect(seen.next).toMatchObject({ code: "resource-invalid" });
    });

    test("thousands of streams may be given one after the other, and no more at once than the limit", async ({ page, server }) => {
      const plugins = await load(page, server);
      const seen = await run(plugins, async ({ handle, describe }) => {
        const lots = await handle.call("collect", [Array.from({ length: 3_000 }, () => 1)]);
        for (let count = 0; count < 3_000; count += 1) await handle.call("peek", [[count]]);
        const many = await handle.call("join", [Array.from({ length: 5_000 }, () => [1])]).catch(describe);
        return { lots, many, after: await handle.call("collect", [[1, 2]]) };
      });
      expect(seen).toMatchObject({ lots: 3_000n, many: { code: "busy" }, after: 3n });
    });
  });
}

test("without the grant, a stream of the app is refused, and so is what would read it", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  expect((await loadPumps(plugins, server, { grant: [] })).error).toBeUndefined();
  const { error } = await plugins.call("pumps-rust", "collect", [[1, 2]]);
  expect(error).toMatchObject({ code: "capability-denied", message: expect.stringContaining("host:probe:streams/sources@1.0.0 is not granted") });
  expect(await plugins.call("pumps-rust", "live")).toEqual({ value: 0 });
});

test("one plugin's stream is another plugin's source, with its back-pressure and its end", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  expect((await loadPumps(plugins, server)).error).toBeUndefined();
  expect((await plugins.loadComponent("streams-rust")).error).toBeUndefined();
  const seen = await plugins.run(async ({ plugins: modules }) => {
    const [pumps, streams] = [modules.handle("pumps-rust"), modules.handle("streams-rust")];
    const measured = await pumps.call("measure", [await streams.call("bytes", [1_000n, 300])]);
    const early = (await pumps.call("copy", [await streams.call("bytes", [1_000_000n, 1_000])])).items();
    const first = (await early.next()).value.length;
    const during: number = await streams.call("live", []);
    await early.return();
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { measured, first, during, after: await streams.call("live", []) };
  }, undefined);
  expect(seen).toEqual({ measured: [1_000n, 4], first: 1_000, during: 1, after: 0 });
});
