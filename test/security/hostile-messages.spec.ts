/**
 * The plugin's worker as an attacker with its own port to the page: its glue escaped from the function that is put
 * around it and speaks in the runtime's place.
 */
import { readFile } from "node:fs/promises";
import { expect, test } from "../support/browser-test.js";
import { glueThatEscapes, glueThatRuns, hostileRequest } from "../support/hostile-plugin.js";
import { PluginPage } from "../support/plugin-page.js";
import { expectOthersUnharmed, expectOutcome, KEPT_PORT, outcomeIn, VIOLATION, type WorkerAttack } from "./hostile/worker-attack.js";

const SANDBOXES = ["policy-frame", "sandboxed-frame", "policy-worker"] as const;

/** Notes which call the page is waiting for as well. */
const PORT = `${KEPT_PORT};
let lastCall;
addEventListener("message", ({ data }) => { lastCall = data?.id; });`;

/** The runtime's own listener hears of a call first, and enters the glue from there. */
const AFTER_ITS_LISTENER = "await new Promise((resolve) => setTimeout(resolve, 5));";

/** What the call answers after a forgery that ends nothing. */
const nothing = { value: "done" };
const event = (value: string) => `post({ event: ${value} });`;

const FORGERIES: readonly WorkerAttack[] = [
  { attack: "Comlink's proxy form, with a port of its own", body: "const { port1 } = new Channel(); post({ id: lastCall, type: 'HANDLER', name: 'proxy', value: port1 }, [port1]);", outcome: VIOLATION, sendsPort: true },
  { attack: "Comlink's form of a thrown error", body: "post({ id: lastCall, type: 'HANDLER', name: 'throw', value: { isError: true, value: { message: 'm', name: 'n', stack: 's' } } });", outcome: VIOLATION },
  { attack: "a request of Comlink's: to read a property of the page's", body: "post({ id: 'a', type: 'GET', path: ['constructor'] });", outcome: VIOLATION },
  { attack: "a request of Comlink's: to apply a function of the page's", body: "post({ id: 'a', type: 'APPLY', path: ['constructor', 'constructor'], argumentList: [{ type: 'RAW', value: 'document.title = \"owned\"' }] });", outcome: VIOLATION },
  { attack: "a request of Comlink's: to construct on the page", body: "post({ id: 'a', type: 'CONSTRUCT', path: ['start', 'constructor'], argumentList: [{ type: 'RAW', value: 'document.title = \"owned\"' }] });", outcome: VIOLATION },
  { attack: "a request of Comlink's: for a port to the page's object", body: "const { port1 } = new Channel(); post({ id: 'a', type: 'ENDPOINT', value: port1 }, [port1]);", outcome: VIOLATION, sendsPort: true },
  { attack: "answers to calls that were never made", body: "for (const id of ['1-2-3-4', '', '__proto__', 'constructor']) post({ id, type: 'RAW', value: { kind: 'ok', value: 'forged' } });", outcome: VIOLATION },
  { attack: "two answers to one call", body: "post({ id: lastCall, type: 'RAW', value: { kind: 'ok', value: 'first' } }); post({ id: lastCall, type: 'RAW', value: { kind: 'ok', value: 'second' } });", outcome: { value: "first" } },
  { attack: "an answer with an outcome that does not exist", body: "post({ id: lastCall, type: 'RAW', value: { kind: 'granted', value: 'x' } });", outcome: VIOLATION },
  { attack: "an answer without an outcome", body: "post({ id: lastCall, type: 'RAW' });", outcome: VIOLATION },
  { attack: "an answer of another type than the function's", body: "post({ id: lastCall, type: 'RAW', value: { kind: 'ok', value: { toString: 7 } } });", outcome: { code: "result-invalid" } },
  { attack: "an error from a function that declares none", body: "post({ id: lastCall, type: 'RAW', value: { kind: 'err', value: 'x' } });", outcome: { code: "result-invalid" } },
  { attack: "a port as the answer", body: "const { port1 } = new Channel(); post({ id: lastCall, type: 'RAW', value: { kind: 'ok', value: port1 } }, [port1]);", outcome: { code: "result-invalid" }, sendsPort: true },
  { attack: "shared memory as the answer", body: "post({ id: lastCall, type: 'RAW', value: { kind: 'ok', value: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer } });", outcome: { code: "trap" } },
  { attack: "a failed call to drop what it never had", body: "post({ id: lastCall, type: 'RAW', value: { kind: 'resource-invalid', message: {} } });", outcome: VIOLATION },
  { attack: "a member called __proto__", body: `post(JSON.parse('{"__proto__":{"polluted":true},"event":{"kind":"output-truncated"}}'));`, outcome: VIOLATION },
  { attack: "an event with a member called __proto__", body: `post(JSON.parse('{"event":{"__proto__":{"kind":"log"},"constructor":{"prototype":{"polluted":true}}}}'));`, outcome: VIOLATION },
  { attack: "a wish for an item of a stream that it was never given", body: "post({ sourceRequest: { source: 1, wish: 'next' } });", outcome: VIOLATION },
  { attack: "leaving a stream that it was never given", body: "post({ sourceRequest: { source: 1, wish: 'leave' } });", outcome: VIOLATION },
  { attack: "a wish that does not exist", body: "post({ sourceRequest: { source: 1, wish: 'constructor' } });", outcome: VIOLATION },
  { attack: "a second claim that the sandbox is sealed", body: "post({ seal: { sealed: true } });", outcome: VIOLATION },
  { attack: "log text that was not granted", body: event("{ kind: 'log', level: 'info', context: '', message: 'forged' }"), outcome: VIOLATION },
  { attack: "output that was not granted", body: event("{ kind: 'output', stream: 'stdout', text: 'forged' }"), outcome: VIOLATION },
  { attack: "a name of 32 million characters", body: event("{ kind: 'denied', authority: 'x'.repeat(32_000_000), import: 'y' }"), outcome: nothing },
  { attack: "a message with 200 000 members", body: "const many = {}; for (let i = 0; i < 200_000; i += 1) many['m' + i] = i; post({ event: many });", outcome: VIOLATION },
  { attack: "a flood of 100 000 events", body: `for (let i = 0; i < 100_000; i += 1) ${event("{ kind: 'denied', authority: 'x', import: 'y' }")}`, outcome: VIOLATION },
  { attack: "a flood of 100 000 answers", body: "for (let i = 0; i < 100_000; i += 1) post({ id: 'x' + i, type: 'RAW', value: { kind: 'ok' } });", outcome: VIOLATION },
];

for (const sandbox of SANDBOXES) {
  for (const forgery of FORGERIES) {
    test(`${sandbox}: ${forgery.attack} harms nothing on the page`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      await plugins.loadPackaged("small-c");
      const title = await page.title();
      const request = await hostileRequest(server, glueThatEscapes(PORT, `${AFTER_ITS_LISTENER} ${forgery.body} return "done";`), { host: { sandbox } });
      expect((await plugins.load(request)).error).toBeUndefined();
      await expectOutcome(plugins, outcomeIn(sandbox, forgery));
      const heard = (await plugins.events()).filter((reported) => reported["kind"] === "guest").map((reported) => reported["event"] as Record<string, unknown>);
      expect(heard.filter(({ kind }) => kind !== "denied"), "events that were not granted").toEqual([]);
      expect(heard.length, "events that reached the app").toBeLessThan(20_000);
      for (const { authority } of heard) expect(String(authority).length).toBeLessThan(5_000);
      expect(await page.evaluate(() => [({} as Record<string, unknown>)["polluted"], document.title])).toEqual([undefined, title]);
      // A fresh instance for the attacker, and nothing at all for the others.
      await expectOthersUnharmed(plugins);
    });
  }
}

test("every other shape of message ends the worker that sent it", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const shapes = [
    "null", "undefined", "0", "''", "'text'", "[]", "{}", "new Map()", "new Date()", "new Error('x')", "{ event: null }", "{ event: [] }", "{ event: {} }",
    "{ event: { kind: 'granted', capability: 'log' } }", "{ event: { kind: 'denied' } }", "{ event: { kind: 'denied', authority: {}, import: 'x' } }",
    "{ event: { kind: 'output', stream: 'both', text: '' } }", "{ event: { kind: 'output', stream: 'stdout', text: {} } }", "{ event: { kind: 'log', level: 1 } }",
    "{ event: { kind: 'output-truncated' }, more: 1 }", "{ seal: {} }", "{ seal: { sealed: 'true' } }", "{ seal: true }", "{ id: 7, type: 'RAW' }", "{ id: 'x', type: 'raw' }",
  ];
  for (const shape of shapes) {
    const request = await hostileRequest(server, glueThatEscapes(PORT, `post(${shape}); return "done";`));
    expect((await plugins.load(request)).error).toBeUndefined();
    expect((await plugins.call("attack", "run")).error?.code, shape).toBe("sandbox-violation");
  }
  const kinds = (await plugins.events()).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "instance-ended")).toHaveLength(shapes.length);
  expect(kinds.filter((kind) => kind !== "instance-ended" && kind !== "health")).toEqual([]);
});

test("a runtime whose intrinsics the glue poisoned gives nothing away and is not believed", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const poison = `const seen = [];
    for (const name of ["apply", "call", "bind"]) {
      const original = Function.prototype[name];
      Function.prototype[name] = function (...values) { seen.push(this, ...values); return Reflect.apply(original, this, values); };
    }
    for (const source of [[], new Map(), new Set()]) {
      const iterator = Object.getPrototypeOf(source[Symbol.iterator]());
      const next = iterator.next;
      iterator.next = function () { const step = Reflect.apply(next, this, []); seen.push(step.value); return step; };
    }`;
  const report = `const ports = seen.flat(3).filter((value) => typeof value?.postMessage === "function" || typeof value?.importScripts === "function");
    return JSON.stringify({ seen: seen.length, ports: ports.length });`;
  expect((await plugins.load(await hostileRequest(server, glueThatRuns(report, poison)))).error).toBeUndefined();
  await plugins.call("attack", "run");
  const { seen, ports } = JSON.parse(String((await plugins.call("attack", "run")).value));
  expect(seen, "the poison works").toBeGreaterThan(0);
  expect(ports).toBe(0);

  const forger = `const iterator = Object.getPrototypeOf(new Map()[Symbol.iterator]());
    iterator.next = () => ({ done: false, value: ["proxy", { canHandle: () => true, serialize: () => [{ stolen: true }, []] }] });
    return "done";`;
  expect((await plugins.load(await hostileRequest(server, glueThatRuns(forger)))).error).toBeUndefined();
  expect((await plugins.call("attack", "run")).error?.code).toBe("sandbox-violation");
});

for (const [attack, topLevel] of [
  ["closes its worker", "close();"],
  ["takes the runtime's port away before it starts", "function postMessage() {}"],
  ["hides the global object from the runtime", "var self = { origin: 'null' };"],
  ["is no script at all", "}}}} this is no script"],
  ["throws at once", "throw new Error('document.title')"],
] as const) {
  test(`glue that ${attack} fails alone, and cannot choose a weaker sandbox for others`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const { error } = await plugins.load(await hostileRequest(server, glueThatEscapes(topLevel, 'return "done";')));
    // What it throws after the runtime has started does not concern the runtime.
    expect(error === undefined ? "loaded" : error.code).toMatch(attack === "throws at once" ? /^(loaded|instantiate-failed|crashed)$/ : /^(instantiate-failed|timeout)$/);
    const other = await plugins.loadPackaged("small-c");
    expect(other.report?.sandbox).toBe("policy-frame");
    await expectOthersUnharmed(plugins);
  });
}

test("the hole that exposing anything through Comlink would be: open with Comlink, closed with the link", async ({ page, server }) => {
  const comlink = new URL("../../node_modules/comlink/dist/esm/comlink.mjs", import.meta.url);
  await server.putFile("pages/comlink.mjs", await readFile(comlink));
  const calls = `for (const type of ["APPLY", "CONSTRUCT"]) for (const path of [["log", "constructor"], ["start", "constructor"], ["call", "constructor"], ["constructor", "constructor"], ["onEvent", "constructor"]]) {
    const { port1, port2 } = new Channel();
    answers.push(new Promise((resolve) => { port2.onmessage = ({ data }) => resolve(data); }));
    post({ id: type + path, type, path, argumentList: [{ type: "RAW", value: "return document.title = 'owned'" }] }, []);
  }`;
  // The control: a page that exposes one function by Comlink is taken over.
  await page.evaluate(async ([base, attack]) => {
    const { expose } = await import(`${base}pages/comlink.mjs`);
    const script = `const post = postMessage.bind(self), Channel = MessageChannel, answers = []; let created = false;
      addEventListener("message", ({ data }) => { if (data.name === "proxy") { data.value.start(); data.value.postMessage({ id: "run", type: "APPLY", path: [], argumentList: [] }); } });
      ${attack}`;
    const worker = new Worker(URL.createObjectURL(new Blob([script])));
    expose(Object.assign(Object.create(null), { log: () => "ok" }), worker);
  }, [server.url(""), calls] as const);
  await expect.poll(() => page.title()).toBe("owned");

  await page.reload();
  const title = await page.title();
  const plugins = new PluginPage(page, server);
  const request = await hostileRequest(server, glueThatEscapes(`${PORT} const answers = [];`, `${calls} await Promise.race(answers); return "answered";`));
  expect((await plugins.load(request)).error).toBeUndefined();
  expect((await plugins.call("attack", "run", [], { timeoutMs: 2_000 })).error?.code).toBe("sandbox-violation");
  expect(await page.title()).toBe(title);
});
