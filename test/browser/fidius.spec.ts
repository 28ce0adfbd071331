/** A plugin that fidius's own macros made, unchanged: every kind of method, configured instances, host functions, its hash. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { packagedDescriptor, publisherKey } from "../support/plugin-page.js";

/** Runs code in the page beside `fidius-app.js`. */
async function inPage<Argument, Result>(page: Page, server: TestServer, work: (app: any, argument: Argument) => Result | Promise<Result>, argument?: Argument, prefix = ""): Promise<Result> {
  const app = await page.evaluateHandle((url) => import(url), server.url(`${prefix}pages/fidius-app.js`));
  return (await app.evaluate(work as never, argument as never)) as Result;
}

async function load(page: Page, server: TestServer, options: Record<string, unknown> = {}, prefix = ""): Promise<{ grants?: string[]; error?: { code: string; message: string; stage: string } }> {
  const request = { name: "greeter", descriptor: await packagedDescriptor("fidius-greeter"), trust: [await publisherKey()], ...options };
  return inPage(page, server, (app, argument) => app.load(argument), request, prefix);
}

for (const [transport, prefix] of [["suspension", ""], ["shared memory", "isolated/"]] as const) {
  test.describe(`with ${transport}`, () => {
    test.use({ pagePath: `${prefix}pages/blank.html` });
    const run = <Argument, Result>(page: Page, server: TestServer, work: (app: any, argument: Argument) => Result | Promise<Result>, argument?: Argument) => inPage(page, server, work, argument, prefix);

    test("greets, adds, reverses raw bytes, and fails with fidius's typed error", async ({ page, server }) => {
      expect((await load(page, server, {}, prefix)).error).toBeUndefined();
      const answers = await run(page, server, async (app) => [
        await app.use("greeter", (plugin: any) => plugin.handle.call("greet", ["Ada"])),
        await app.use("greeter", async (plugin: any) => String(await plugin.handle.call("add", [2n, 3n]))),
        await app.use("greeter", async (plugin: any) => [...(await plugin.handle.call("reverse", [new Uint8Array([1, 2, 3])]))]),
        await app.use("greeter", (plugin: any) => plugin.handle.call("add", [2n ** 63n - 1n, 1n])),
        await app.use("greeter", (plugin: any) => plugin.handle.call("greet", ["again"])),
      ]);
      expect(answers.slice(0, 3).map(({ value }) => value)).toEqual(["Hello, Ada!! [-1, 4611686018427387904]", "5", [3, 2, 1]]);
      expect(answers[3]?.error).toMatchObject({ name: "PluginResultError", payload: { code: "overflow", message: "9223372036854775807 + 1", details: '{"bits":64}' } });
      expect(answers[4]?.value).toContain("Hello, again!!");
    });

    test("streams: from the plugin, to it, and both at once", async ({ page, server }) => {
      await load(page, server, {}, prefix);
      const found = await run(page, server, async (app) => {
        const greeter = (await app.use("greeter", (plugin: any) => plugin)).value;
        const numbers = new app.Source((index: number) => BigInt(index), 4);
        const endless = new app.Source((index: number) => `word ${index}`);
        return {
          ticks: await app.collect(greeter.stream("tick", [7]), 3),
          dropped: await greeter.handle.call("dropped", []),
          sum: String(await greeter.callWithInput("sum", [10n], { input: { items: numbers, type: "u64" } })),
          empty: String(await greeter.callWithInput("sum", [10n], { input: { items: [], type: "u64" } })),
          shouts: await app.collect(greeter.stream("shout", [], { input: { items: endless, type: "string" } }), 2),
          pulled: endless.given, ended: endless.ended,
          all: await app.collect(greeter.stream("shout", [], { input: { items: ["a", "b"], type: "string" } })),
        };
      });
      expect(found).toEqual({
        ticks: { items: [7, 8, 9] }, dropped: 1, sum: "100", empty: "0",
        shouts: { items: ["WORD 1", "WORD 2"] }, pulled: 2, ended: 1, all: { items: ["A", "B"] },
      });
    });

    test("calls the app's functions, with fidius's errors", async ({ page, server }) => {
      await load(page, server, {}, prefix);
      await load(page, server, { name: "later", offered: { behaviour: "later" } }, prefix);
      const answers = await run(page, server, async (app) => {
        const balance = (name: string, account: string) => app.use(name, async (plugin: any) => String(await plugin.handle.call("balance", [account])));
        return [await balance("greeter", "ada"), await balance("greeter", "nobody"), await balance("later", "four"), await app.use("greeter", (plugin: any) => plugin.handle.call("note", [["a", "b"]])), app.calls];
      });
      expect(answers[0]).toEqual({ value: "41" });
      expect(answers[1].error.payload).toEqual({ code: "no-account", message: "there is no such account", details: '{"account":"nobody"}' });
      expect(answers[2]).toEqual({ value: "4" });
      expect(answers[3]).toEqual({ value: "a+b weighs 7" });
      expect(answers[4][0]).toEqual({ account: "ada", plugin: { id: "fixture.fidius-greeter", version: "1.0.0" } });
    });
  });
}

test("differently configured loads live beside each other, and are configured again after they were ended", async ({ page, server }) => {
  const polite = { greeting: "Good evening", tone: { tag: "plain" }, signature: "the host", limits: [] };
  await load(page, server);
  await load(page, server, { name: "polite", config: polite });
  const greet = (name: string): Promise<{ value?: string; error?: { code: string } }> =>
    inPage(page, server, (app, plugin) => app.use(plugin, (found: any) => found.handle.call("greet", ["Ada"])), name);
  for (let round = 0; round < 2; round += 1) {
    expect((await greet("greeter")).value).toBe("Hello, Ada!! [-1, 4611686018427387904]");
    expect((await greet("polite")).value).toBe("Good evening, Ada. — the host []");
    // A call that is not answered in time ends the instance: the next one is a fresh one.
    const ended = await inPage(page, server, (app) => {
      const stuck = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) };
      return app.use("polite", (plugin: any) => plugin.callWithInput("sum", [1n], { input: { items: stuck, type: "u64" }, timeoutMs: 300 }));
    });
    expect(ended.error.code).toBe("timeout");
  }
});

test("its configuration is checked before anything runs", async ({ page, server }) => {
  const { error: wrong } = await load(page, server, { config: { greeting: "Hi", tone: { tag: "loud", val: { marks: 300 } }, limits: [] } });
  expect(wrong).toMatchObject({ code: "config-invalid", message: expect.stringContaining("config.tone.val.marks is 300, and must be a whole number from 0 to 255") });
  expect((await load(page, server, { config: { greeting: "Hi", tone: { tag: "plain" }, limits: [], more: 1 } })).error?.message).toContain('unknown member "more"');
  expect((await load(page, server, { raw: true })).error).toMatchObject({ code: "config-invalid", message: expect.stringContaining("configType") });
  // Bytes that are no bincode of its settings: its own code refuses them, by a panic.
  const bytes = await inPage(page, server, (app, argument) => app.load({ ...(argument as object), raw: true, config: new Uint8Array([1, 2, 3]) }), {
    name: "raw", descriptor: await packagedDescriptor("fidius-greeter"), trust: [await publisherKey()],
  });
  expect(bytes.error).toMatchObject({ code: "instantiate-failed", message: expect.stringContaining("Calling fidius-configure of fixture.fidius-greeter failed") });
});

test("another interface hash is refused before any other call", async ({ page, server }) => {
  const { error } = await load(page, server, { interfaceHash: "0xdf233d1a5936eb5c" });
  expect(error).toMatchObject({ code: "interface-mismatch", stage: "instantiate", message: expect.stringContaining("the app was built for 0xdf233d1a5936eb5c") });
});

test("a host interface that is not there, or of another version or hash, is told apart from one that fails", async ({ page, server }) => {
  const cases: [Record<string, unknown> | null, string][] = [
    [null, "NotBound"], [{ version: 4 }, "VersionMismatch { interface: \\\"Ledger\\\", plugin_expects: 3, host_provides: 4 }"],
    [{ hash: 5 }, "HashMismatch"], [{ methods: 1 }, "InvalidIndex { index: 1 }"],
  ];
  for (const [offered, wanted] of cases) {
    const name = wanted.slice(0, 8);
    const request = { name, descriptor: await packagedDescriptor("fidius-greeter"), trust: [await publisherKey()], offered };
    await inPage(page, server, (app, argument) => app.load(typeof argument.offered?.["hash"] === "number" ? { ...argument, offered: { hash: 5n } } : argument), request);
    const answer = (await inPage(page, server, (app, plugin) => app.use(plugin, (found: any) => found.handle.call("note", [["a"]])), name)) as { value?: string };
    expect(JSON.stringify(answer), wanted).toContain(wanted);
  }
  for (const [behaviour, wanted] of [["throws", "HostPanic(\\\"it failed in the app\\\")"], ["lies", "Serialization"]] as const) {
    await load(page, server, { name: behaviour, offered: { behaviour } });
    const answer = await inPage(page, server, (app, plugin) => app.use(plugin, (found: any) => found.handle.call("balance", ["ada"])), behaviour);
    expect(JSON.stringify(answer)).toContain(wanted);
    expect(JSON.stringify(answer), "the app's own message stays in the app").not.toContain("secret");
  }
  expect(await inPage(page, server, (app) => app.failures)).toEqual(["Ledger.balance: the secret of the app", expect.stringContaining("the result of balance is \"forty-one\"")]);
});

test("an input that fails, is not of its type, is forgotten, or meets another one is a typed error, and the next call works", async ({ page, server }) => {
  await load(page, server);
  const found = await inPage(page, server, async (app) => {
    const greeter = (await app.use("greeter", (plugin: any) => plugin)).value;
    const sum = (items: unknown) => app.use("greeter", (plugin: any) => plugin.callWithInput("sum", [1n], { input: { items, type: "u64" } }));
    const failing = new app.Source((index: number) => { if (index === 3) throw new Error("the disk is gone"); return 1n; });
    const first = greeter.stream("shout", [], { input: { items: ["a"], type: "string" } });
    const results = {
      failing: await sum(failing), wrong: await sum([1n, -1n]), untyped: await app.use("greeter", (plugin: any) => plugin.callWithInput("sum", [1n], { input: { items: [1n] } })),
      forgotten: await app.use("greeter", (plugin: any) => plugin.handle.call("sum", [1n])),
      opened: (await first.next()).value, second: await sum([1n]), left: await first.return(),
      broken: await app.collect(greeter.stream("shout", [], { input: { items: ["a", 5], type: "string" } })),
      after: String(await greeter.callWithInput("sum", [3n], { input: { items: [1n, 2n], type: "u64" } })),
      noStream: await app.collect(greeter.stream("greet", ["Ada"])),
    };
    return JSON.parse(JSON.stringify(results));
  });
  expect(found.failing.error).toMatchObject({ code: "host-function-failed", cause: "the disk is gone" });
  expect(found.wrong.error).toMatchObject({ code: "host-function-failed", cause: expect.stringContaining("the item is -1n") });
  expect(found.untyped.error).toMatchObject({ code: "host-function-failed", cause: expect.stringContaining("give the input's type") });
  expect(found.forgotten.error.code).toBe("host-function-failed");
  expect([found.opened, found.second.error.code, found.after]).toEqual(["A", "busy", "9"]);
  expect(found.broken).toMatchObject({ items: ["A"], error: { code: "host-function-failed" } });
  expect(found.noStream.error.code).toBe("result-invalid");
});

test("without a grant the app's functions are out of reach, and everything else works", async ({ page, server }) => {
  const { grants } = await load(page, server, { host: { grant: [] } });
  expect(grants).toEqual(["host:fidius:stream-pull/pull@0.1.0"]);
  const [denied, greeted, calls] = await inPage(page, server, async (app) => [
    await app.use("greeter", (plugin: any) => plugin.handle.call("balance", ["ada"])), await app.use("greeter", (plugin: any) => plugin.handle.call("greet", ["Ada"])), app.calls,
  ]);
  expect(denied.error.code).toBe("capability-denied");
  expect(greeted.value).toContain("Ada");
  expect(calls).toEqual([]);
});

test("the app's functions can be granted one interface at a time, and be taken back", async ({ page, server }) => {
  const carrier = "host:fidius:host-call/host@0.1.0";
  const balance = (name: string): Promise<any> => inPage(page, server, (app, plugin) => app.use(plugin, async (found: any) => String(await found.handle.call("balance", ["ada"]))), name);
  await load(page, server, { name: "other", host: { grant: [`${carrier}?interface-name=Other`] } });
  expect((await balance("other")).error.code).toBe("capability-denied");
  await load(page, server, { name: "ledger", host: { grant: [`${carrier}?interface-name=Ledger`] } });
  expect((await balance("ledger")).value).toBe("41");
  await inPage(page, server, (app, text) => app.hosts.get("ledger").grants.revoke("fixture.fidius-greeter", text), carrier);
  expect((await balance("ledger")).error.code).toBe("capability-denied");
  expect(await inPage(page, server, (app) => app.calls.length), "only the permitted call reached the app").toBe(1);
});

test("a plugin that was not built for fidius is refused under its contract", async ({ page, server }) => {
  const { error } = await load(page, server, { id: "fixture.small-c", descriptor: await packagedDescriptor("small-c"), config: null });
  expect(error).toMatchObject({ code: "interface-mismatch", message: expect.stringContaining("exports no fidius-interface-hash") });
});

test("an archive that fidius itself signed and packed is imported, and runs", async ({ page, server }) => {
  const node = await import(new URL("../../dist/node.js", import.meta.url).href);
  const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/fidius/${name}`, import.meta.url));
  const out = await mkdtemp(join(tmpdir(), "portcullis-fidius-"));
  try {
    const { seed, publicKey } = await node.generateKeyPair();
    const { archive } = await node.importFidiusPackage({
      input: fixture("acme-greeter-1.2.0.fid"), trust: { keys: [await node.readFidiusKey(fixture("author.public"))] }, out, formats: ["archive"], signingKeys: [seed], id: "acme.greeter",
    });
    await server.putFile("imported.tar.gz", await readFile(archive));
    const { error, grants } = await load(page, server, {
      id: "acme.greeter", file: server.url("imported.tar.gz"), trust: [node.formatPublicKey(publicKey)], host: { grant: ["stdout", "host:fidius:host-call/host@0.1.0"] },
    });
    expect(error).toBeUndefined();
    expect(grants).toEqual(["stdout", "host:fidius:host-call/host@0.1.0", "host:fidius:stream-pull/pull@0.1.0"]);
    const answers = await inPage(page, server, async (app) => [
      await app.use("greeter", (plugin: any) => plugin.handle.call("greet", ["Ada"])),
      await app.use("greeter", async (plugin: any) => String(await plugin.handle.call("balance", ["ada"]))),
      await app.use("greeter", async (plugin: any) => String(await plugin.callWithInput("sum", [2n], { input: { items: [1n, 2n], type: "u64" } }))),
    ]);
    expect(answers.map(({ value }: any) => value)).toEqual(["Hello, Ada!! [-1, 4611686018427387904]", "41", "6"]);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
});

test("a component written by hand, without fidius-configure: its stream fails in the middle, after the items before it", async ({ page, server }) => {
  const ticker = { id: "fixture.fidius-ticker", descriptor: await packagedDescriptor("fidius-ticker"), interfaceHash: "0xfd152c8aa1112fc3" };
  expect((await load(page, server, ticker)).error).toMatchObject({ code: "config-invalid", message: expect.stringContaining("no fidius-configure") });
  expect((await load(page, server, { ...ticker, config: null })).error).toBeUndefined();
  const [whole, empty, failing, after] = await inPage(page, server, async (app) => {
    const plugin = (await app.use("greeter", (found: any) => found)).value;
    const collected = [];
    for (const count of [3, 0, 100, 1]) collected.push(await app.collect(plugin.stream("tick", [count])));
    return collected.map(({ items, error }: any) => ({ items: items.map(String), error }));
  });
  expect([whole, empty, after]).toEqual([{ items: ["0", "1", "2"] }, { items: [] }, { items: ["0"] }]);
  expect(failing).toMatchObject({ items: ["0", "1", "2"], error: { name: "PluginResultError", payload: { code: "broken", message: "after the third", details: '{"given":3}' } } });
});
