/**
 * A worker that was granted something of the page, as an attacker: its glue escaped from the function that is put around it,
 * and makes host calls in the runtime's place.
 */
import type * as Backends from "../../src/backends.js";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { glueThatEscapes, HOSTILE_ID, hostileRequest } from "../support/hostile-plugin.js";
import { type LoadRequest, PluginPage } from "../support/plugin-page.js";
import { expectOthersUnharmed, expectOutcome, KEPT_PORT, outcomeIn, VIOLATION, type WorkerAttack } from "./hostile/worker-attack.js";

/** Keeps what the page answers as well. */
const PORT = `${KEPT_PORT}, heard = [], waiting = new Map();
addEventListener("message", ({ data }) => {
  if (data?.hostAnswer === undefined) return;
  heard.push(data.hostAnswer);
  waiting.get(data.hostAnswer.id)?.(data.hostAnswer.answer);
});
function call(id, operation, ...values) { post({ hostCall: { id, operation, arguments: values } }); }
function ask(id, operation, ...values) { return new Promise((resolve) => { waiting.set(id, resolve); call(id, operation, ...values); }); }
const later = () => new Promise((resolve) => setTimeout(resolve, 100));`;

const done = (body: string): string => `${body} await later(); return "done";`;
const ended = (attack: string, body: string): WorkerAttack => ({ attack, body: done(body), outcome: VIOLATION });
const harmless = (attack: string, body: string): WorkerAttack => ({ attack, body: done(body), outcome: { value: "done" } });

const NOT_GRANTED = ["fs.open", "descriptor.read", "http.send", "host.call", "keyvalue.forget", "keyvalue.clear", "keyvalue.usage", "answer.next", "stdin.read", "KEYVALUE.GET", "keyvalue.get ", ""];
const INHERITED = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "get", "size"];

const ATTACKS: readonly WorkerAttack[] = [
  // The control: this is how a call is made, and the page answers it.
  { attack: "an honest call", body: `await ask(1, "keyvalue.set", "b", "k", new Uint8Array([7])); const { value } = await ask(2, "keyvalue.get", "b", "k"); return "got " + value[0];`, outcome: { value: "got 7" } },
  ...NOT_GRANTED.map((operation) => ended(`the operation ${JSON.stringify(operation)}, which was not granted`, `call(1, ${JSON.stringify(operation)}, "b", "k");`)),
  ...INHERITED.map((operation) => ended(`the operation ${operation}, which every object has`, `call(1, ${JSON.stringify(operation)}, "b", "k");`)),
  ended("a call with a text for a number", `call("1", "keyvalue.get", "b", "k");`),
  ended("a call with a negative number", `call(-1, "keyvalue.get", "b", "k");`),
  ended("a call with a member called __proto__ for its operation", `post(JSON.parse('{"hostCall":{"id":1,"__proto__":{"operation":"keyvalue.get"},"arguments":["b","k"]}}'));`),
  ended("a call whose arguments are no list", `post({ hostCall: { id: 1, operation: "keyvalue.get", arguments: { 0: "b", 1: "k", length: 2 } } });`),
  ended("a call beside an event", `post({ hostCall: { id: 1, operation: "keyvalue.get", arguments: ["b", "k"] }, event: { kind: "output-truncated" } });`),
  ended("an operation with a name of 32 million characters", `call(1, "x".repeat(32_000_000));`),
  ended("a call with 100 000 members", `const hostCall = { id: 1, operation: "keyvalue.get", arguments: [] }; for (let i = 0; i < 100_000; i += 1) hostCall["m" + i] = i; post({ hostCall });`),
  ended("a call without its arguments", `call(1, "keyvalue.get");`),
  ended("a key that is an object which says it is a text", `call(1, "keyvalue.get", "b", { toString: "k", length: 1 });`),
  ended("a value that is a list", `call(1, "keyvalue.set", "b", "k", [1, 2, 3]);`),
  ended("a key that is no Unicode", `call(1, "keyvalue.get", "b", "\\ud800");`),
  { ...ended("a port as argument", `const { port1 } = new Channel(); post({ hostCall: { id: 1, operation: "keyvalue.get", arguments: [port1, "k"] } }, [port1]);`), sendsPort: true },
  ended("a read of a stream that is nobody's", `call(1, "stream.read", 1, 10, false);`),
  ended("a wait for a handle that is nobody's", `call(1, "handle.wait", [1], 0);`),
  ended("a wait for a handle with a forged number", `call(1, "handle.wait", ["__proto__"], 0);`),
  ended("a wait of a negative time", `call(1, "handle.wait", [], -1);`),
  ended("a handle to drop that is no number", `call(0, "handle.drop", "1");`),
  harmless("handles to drop that are nobody's", `for (let i = 0; i < 40; i += 1) call(0, "handle.drop", i * 1000);`),
  ended("an answer to a call that was never made", `post({ hostAnswer: { id: 1, answer: { kind: "ok", value: "forged" } } });`),
  ended("a flood of 100 000 calls", `for (let i = 1; i < 100_000; i += 1) call(i, "keyvalue.get", "b", "k");`),
  ended("a flood of calls that wait for ever", `for (let i = 1; i < 100; i += 1) call(i, "handle.wait", [], undefined);`),
  ended("a flood of calls that have no answer", `for (let i = 1; i < 100_000; i += 1) call(0, "keyvalue.set", "b", "k" + i, new Uint8Array(10));`),
  { attack: "one number for two calls", body: `call(1, "keyvalue.exists", "b", "none"); call(1, "keyvalue.get", "b", "none"); await later(); await ask(2, "keyvalue.open", "b"); return JSON.stringify(heard.map(({ id }) => id));`, outcome: { value: "[1,1,2]" } },
  { attack: "numbers that are out of order", body: `await Promise.all([ask(900, "keyvalue.open", "b"), ask(3, "keyvalue.open", "b"), ask(Number.MAX_SAFE_INTEGER, "keyvalue.open", "b")]); return "answered " + heard.length;`, outcome: { value: "answered 3" } },
  { attack: "a call that has no answer", body: `call(0, "keyvalue.get", "b", "k"); await ask(1, "keyvalue.open", "b"); return "answered " + heard.length;`, outcome: { value: "answered 1" } },
  { attack: "a key of 30 million characters", body: `return JSON.stringify(await ask(1, "keyvalue.get", "b", "k".repeat(30_000_000)));`, outcome: { value: expect.stringContaining("a key of 30000000 bytes: at most 1024") } },
  { attack: "a batch of a million keys", body: `return JSON.stringify(await ask(1, "keyvalue.get-many", "b", Array.from({ length: 1_000_000 }, () => "k")));`, outcome: { value: expect.stringContaining("a batch of 1000000 keys") } },
  { attack: "a value of 50 megabytes", body: `return JSON.stringify(await ask(1, "keyvalue.set", "b", "k", new Uint8Array(50_000_000)));`, outcome: { value: expect.stringContaining("quota exceeded: 0 bytes are used, 50000002 more were wanted, and 1000 in all") } },
  { attack: "a byte that brings a buffer of 50 megabytes along", body: `await ask(1, "keyvalue.set", "b", "k", new Uint8Array(new ArrayBuffer(50_000_000), 7, 1)); const { value } = await ask(2, "keyvalue.get", "b", "k"); return value.length + " of " + value.buffer.byteLength;`, outcome: { value: "1 of 1" } },
  {
    attack: "names that lead out of the plugin's own data",
    body: `const found = []; let id = 0;
      for (const bucket of ["secret", "../secret", '["fixture.other","x"]', "entry", "\\u0000", "__proto__", "usage"]) {
        for (const key of ["mine", "../mine", "secret/mine", "__proto__", "constructor", "usage"]) {
          const { value } = await ask((id += 1), "keyvalue.get", bucket, key);
          if (value !== undefined) found.push(bucket + "|" + key);
        }
        const { value } = await ask((id += 1), "keyvalue.list-keys", bucket, undefined);
        found.push(...value.keys);
      }
      return JSON.stringify(found);`,
    outcome: { value: "[]" },
  },
];

async function hostile(server: TestServer, topLevel: string, body: string, host: LoadRequest["host"] = {}): Promise<LoadRequest> {
  const capabilities = [{ capability: "keyvalue:1000", reason: "It attacks", optional: true }];
  return hostileRequest(server, glueThatEscapes(topLevel, body), { host: { grant: ["keyvalue"], ...host } }, (manifest) => ({ ...manifest, capabilities }));
}

/** Something of the page's own that no plugin may see, beside plugins' data. */
async function keepSecret(plugins: PluginPage): Promise<void> {
  await plugins.page.evaluate(async (url) => {
    const { indexedDbKeyValue } = (await import(url)) as typeof Backends;
    for (const namespace of ["secret", "", "usage", '["fixture.other","x"]']) await indexedDbKeyValue().update({ namespace, bucket: "secret" }, ["mine"], () => [new Uint8Array([1])]);
  }, plugins.server.url("dist/backends.js"));
}

for (const sandbox of ["policy-frame", "sandboxed-frame"] as const) {
  for (const attack of ATTACKS) {
    test(`${sandbox}: ${attack.attack} harms nothing on the page`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      await keepSecret(plugins);
      const title = await page.title();
      const loaded = await plugins.load(await hostile(server, PORT, attack.body, { sandbox }));
      expect(loaded.error).toBeUndefined();
      expect(loaded.grants).toEqual(["keyvalue:1000"]);
      await expectOutcome(plugins, outcomeIn(sandbox, attack));
      expect(await page.evaluate(() => [({} as Record<string, unknown>)["operation"], document.title])).toEqual([undefined, title]);
      // A fresh instance for the attacker, and nothing at all for the others.
      expect((await plugins.loadPackaged("small-c")).error).toBeUndefined();
      await expectOthersUnharmed(plugins);
    });
  }
}

test("a worker that was granted nothing of the page can make no call at all", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  for (const operation of ["keyvalue.get", "handle.drop", "handle.wait", "answer.next"]) {
    expect((await plugins.load(await hostile(server, PORT, done(`call(0, "${operation}", "b", "k");`), { grant: [] }))).grants).toEqual([]);
    expect((await plugins.call("attack", "run")).error?.code, operation).toBe("sandbox-violation");
  }
});

test("a call before the page has started the plugin ends the load", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const { error } = await plugins.load(await hostile(server, `${PORT} call(1, "keyvalue.get", "b", "k");`, 'return "done";'));
  expect(error?.code).toBe("instantiate-failed");
  expect(error?.message).toContain('it sent the host call "keyvalue.get", which is not open to it');
  expect((await plugins.loadPackaged("small-c")).error).toBeUndefined();
});

test("calls after a grant was taken back are refused, and each is in the audit", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.load(await hostile(server, PORT, `return JSON.stringify(await ask(heard.length + 1, "keyvalue.set", "b", "k", new Uint8Array(1)));`));
  expect((await plugins.call("attack", "run")).value).toBe('{"kind":"ok"}');
  await plugins.run(({ plugins: modules }, id) => modules.hostOf("attack").grants.revoke(id, "keyvalue:1000"), HOSTILE_ID);
  for (let times = 0; times < 3; times += 1) expect((await plugins.call("attack", "run")).value).toBe('{"kind":"err","value":{"tag":"access-denied"}}');
  const audit = (await plugins.run(({ plugins: modules }) => modules.hostOf("attack").audit(), undefined)) as readonly { readonly kind: string }[];
  expect(audit.filter(({ kind }) => kind === "denied")).toHaveLength(3);
});

test.describe("over shared memory", () => {
  test.use({ pagePath: "isolated/pages/blank.html" });
  for (const [attack, body, outcome] of [
    ["asks for pieces of answers that it never got, in a flood", "for (let i = 0; i < 10_000; i += 1) call(0, 'answer.next');", { value: "done" }],
    ["makes many calls at once, whose answers overwrite each other", "for (let i = 1; i < 30; i += 1) call(i, 'keyvalue.open', 'b');", { value: "done" }],
    // Its realm lets it send none.
    ["passes memory that it shares as bytes", "const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }); call(1, 'keyvalue.set', 'b', 'k', new Uint8Array(buffer, 0, 8));", { code: "trap" }],
    ["reaches for what was not granted", "call(1, 'fs.open', '/');", VIOLATION],
  ] as const) {
    test(`a worker that ${attack} harms nothing on the page`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server, "isolated/");
      const loaded = await plugins.load(await hostile(server, PORT, done(body)));
      expect(loaded.error).toBeUndefined();
      expect(loaded.report?.target).toBe("browser-sync");
      await expectOutcome(plugins, outcome);
      expect((await plugins.loadPackaged("small-c")).error).toBeUndefined();
      await expectOthersUnharmed(plugins);
    });
  }
});
