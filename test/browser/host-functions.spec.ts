/** Functions of the app that plugins import: over both transports, with every value, and however badly they are implemented. */
import { isExpected } from "../fixtures/index.js";
import { expect, test } from "../support/browser-test.js";
import { loadNotes, runNotes as run, STORE } from "../support/notes-plugin.js";
import { PluginPage } from "../support/plugin-page.js";

const GUESTS = (["notes-rust", "notes-c", "notes-js"] as const).filter(isExpected);
const TRANSPORTS = [
  { transport: "promise integration", prefix: "", target: "browser-jspi" },
  { transport: "shared memory", prefix: "isolated/", target: "browser-sync" },
] as const;

for (const { transport, prefix, target } of TRANSPORTS) {
  test.describe(`over ${transport}`, () => {
    test.use({ pagePath: `${prefix}pages/blank.html` });
    for (const guest of GUESTS) {
      test(`${guest} calls every function, synchronous and asynchronous, with every kind of value`, async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        const loaded = await loadNotes(plugins, server, guest);
        expect(loaded.error).toBeUndefined();
        expect(loaded.report?.target).toBe(target);
        expect(loaded.grants).toEqual([STORE]);
        expect(await run(plugins, guest, "read", "today")).toEqual({ value: "milk\nbread" });
        expect((await run(plugins, guest, "read", "never")).error?.payload).toBe("no note never");
        expect(await run(plugins, guest, "write", "new", "text")).toEqual({ value: "done" });
        expect(await run(plugins, guest, "read", "new")).toEqual({ value: "text" });
        expect((await run(plugins, guest, "write", "", "x")).error?.payload).toBe("not-found");
        expect((await run(plugins, guest, "write", "full", "x")).error?.payload).toBe("other: the disk is full");
        expect(await run(plugins, guest, "now")).toEqual({ value: "5" });
        expect(await run(plugins, guest, "checksum", "abc")).toEqual({ value: "294" });
        expect((await plugins.call(guest, "many", [50])).value).toBe(250n);
        expect((await run(plugins, guest, "compute", "30")).value).toBe("832040");
      });

      test(`${guest} gets structured values back as it sent them`, async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        await loadNotes(plugins, server, guest);
        for (const name of ["plain", "\u{1f33b} ünïcode"]) {
          const { value, error } = await run(plugins, guest, "echo", name);
          expect(error).toBeUndefined();
          expect(String(value)).toContain(name);
        }
      });

      test(`${guest} uses objects of the app, and gives them back`, async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        await loadNotes(plugins, server, guest);
        expect((await run(plugins, guest, "cursor", "today")).value).toBe("milk\nbread\n2");
        expect((await run(plugins, guest, "open", "today")).value).toBe("milk\nbread\n2");
        expect((await run(plugins, guest, "open", "never")).error?.payload).toBe("no note never");
        expect((await run(plugins, guest, "share", "today")).value).toBe("2 lines");
      });
    }

    test("a resource of the plugin calls the app from its methods", async ({ page, server }) => {
      const plugins = new PluginPage(page, server, prefix);
      await loadNotes(plugins, server, "notes-rust");
      const answers = await plugins.run(async ({ plugins: modules }) => {
        const reader = await modules.handle("notes-rust").call("new Reader", ["today"]);
        return [await reader.call("text", []), await reader.call("text", []), await reader.call("count", [])] as unknown[];
      }, undefined);
      expect(answers).toEqual(["milk\nbread", "milk\nbread", 2]);
    });

    for (const behaviour of ["throws", "rejects", "hangs", "lies", "nothing", "errors"]) {
      test(`an app whose function ${behaviour} costs its caller that call and nothing else`, async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        await loadNotes(plugins, server, "notes-rust", { behaviour });
        // `read` can say so itself; `now` cannot.
        const read = await run(plugins, "notes-rust", "read", "today");
        expect(read.error?.name, JSON.stringify(read)).toBe("PluginResultError");
        const wanted = behaviour === "errors" ? "no such note" : "probe:notes/store@1.0.0#read failed in the app";
        expect(read.error?.payload).toBe(wanted);
        const now = await run(plugins, "notes-rust", "now");
        expect(now.error?.code, JSON.stringify(now)).toBe("host-function-failed");
        expect(now.error?.message).toContain("probe:notes/store@1.0.0#now failed in the app");
        expect(JSON.stringify([read, now]), "the app's own message stays in the app").not.toContain("secret");
        expect((await run(plugins, "notes-rust", "compute", "30")).value, "the next call").toBe("832040");
        const failures = (await plugins.events()).filter(({ kind }) => kind === "host-failure").map((event) => event["function"]);
        expect(failures).toContain("probe:notes/store@1.0.0#now");
      });
    }

    test("a plugin that calls the app for ever is ended by its deadline, and its next call works", async ({ page, server }) => {
      const plugins = new PluginPage(page, server, prefix);
      expect((await loadNotes(plugins, server, "host-loop", { limits: { callMilliseconds: 500 } })).error).toBeUndefined();
      for (let round = 0; round < 2; round += 1) expect((await plugins.call("host-loop", "spinCalls")).error?.code).toBe("timeout");
    });
  });
}
