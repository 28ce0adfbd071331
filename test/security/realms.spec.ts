/**
 * The three sandboxes, one table. The glue of a package that a trusted key signed is executed; here it is an attacker's:
 * it tries everything that a worker can, after the walls are up and, by escaping what is put around it, before.
 */
import type { Page } from "@playwright/test";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { attemptsSource, glueThatEscapes, glueThatRuns, hostileRequest } from "../support/hostile-plugin.js";
import { PluginPage } from "../support/plugin-page.js";
import { LEFT_IN_THE_WORKER, LEFT_ON_ITS_PROTOTYPES } from "./hostile/remaining-globals.js";

// The browser reports what a policy refused on the console; nothing else may be reported.
test.use({ allowPageErrors: true });
test.afterEach(({ pageErrors }, { title }) => {
  if (!title.startsWith("control")) expect(pageErrors.filter((text) => !/Content Security Policy/i.test(text)), "errors that reached the page").toEqual([]);
});

/** What differs between them. What they block does not. */
const REALMS = [
  { sandbox: "policy-frame", takesModules: true },
  { sandbox: "sandboxed-frame", takesModules: false },
  { sandbox: "policy-worker", takesModules: true },
] as const;

/** What an attack on the page would change. */
function pageState(page: Page): Promise<unknown> {
  return page.evaluate(() => {
    const intrinsics = [Object, Array, Function, Promise, Map, Set, String, Uint8Array, MessagePort, MessageEvent, Worker, EventTarget];
    return {
      title: document.title,
      address: location.href,
      globals: Object.getOwnPropertyNames(window).filter((name) => !/^\d+$/.test(name)).sort(),
      intrinsics: intrinsics.map((intrinsic) => [Reflect.ownKeys(intrinsic), Reflect.ownKeys(intrinsic.prototype)].map((keys) => keys.map(String))),
      native: [fetch, Array.prototype.push, MessagePort.prototype.postMessage, Worker.prototype.postMessage].map(String),
      cookie: document.cookie,
      storage: Object.keys(localStorage),
    };
  });
}

/** Answers whoever asks on the channel that the attempts use. */
function listen(page: Page): Promise<void> {
  return page.evaluate(() => {
    const channel = new BroadcastChannel("portcullis-attack");
    channel.onmessage = () => channel.postMessage("the page is here");
  });
}

async function stolen(server: TestServer): Promise<string[]> {
  return (await server.requests()).map(({ path }) => path).filter((path) => path.includes("exfil"));
}

test("control: in an ordinary worker the same attempts do reach the server, storage and the page", async ({ page, server }) => {
  await listen(page);
  const source = await attemptsSource();
  const report = await page.evaluate(([text, target]) => new Promise<Record<string, string>>((resolve, reject) => {
    const run = `${text}; attemptEverything(${JSON.stringify(target)}, attemptEverything.toString()).then(postMessage)`;
    const worker = new Worker(URL.createObjectURL(new Blob([run], { type: "text/javascript" })));
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => reject(new Error(event.message));
  }), [source, server.url("cors/exfil/")] as const);
  const won = Object.keys(report).filter((name) => report[name]?.startsWith("got"));
  expect(won).toEqual(expect.arrayContaining(["fetch", "XMLHttpRequest", "indexedDB", "locks", "BroadcastChannel", "eval", "import() of data:", "nested worker from data:"]));
  expect(report["nested worker from data:"]).toContain("fetch: got");
  for (const path of ["fetch", "xhr", "websocket", "event-source", "import-scripts", "import", "font", "nested-data-fetch", "nested-http"]) {
    expect(await stolen(server)).toContain(`/exfil/${path}`);
  }
});

for (const { sandbox } of REALMS) {
  for (const moment of ["after the walls are up", "by escaping what is put around it"] as const) {
    test(`${sandbox}: glue that tries everything ${moment} reaches no network, storage, page or evaluation`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      await listen(page);
      expect((await plugins.loadPackaged("small-c")).error).toBeUndefined();
      const attack = `attemptEverything(${JSON.stringify(server.url("cors/exfil/"))}, attemptEverything.toString())`;
      const source = await attemptsSource();
      const glue = moment === "after the walls are up" ? glueThatRuns(`return JSON.stringify(await ${attack});`, source) : glueThatEscapes(`${source}; var attempted = ${attack};`, "return JSON.stringify(await attempted);");
      const before = await pageState(page);
      const loaded = await plugins.load(await hostileRequest(server, glue, { host: { sandbox } }));
      expect(loaded.error).toBeUndefined();
      expect(loaded.report).toMatchObject({ code: "package", sandbox });
      const { value, error } = await plugins.call("attack", "run", [], { timeoutMs: 60_000 });
      expect(error).toBeUndefined();
      const report = JSON.parse(String(value)) as Record<string, string>;
      expect(Object.keys(report).length).toBeGreaterThan(50);
      const permitted = moment === "after the walls are up" ? [] : EARLY;
      expect(Object.entries(report).filter(([name, result]) => !result.startsWith("refused") && !permitted.includes(name))).toEqual([]);
      expect(await stolen(server)).toEqual([]);
      expect(await pageState(page)).toEqual(before);
      expect((await plugins.call("small-c", "add", [2, 3])).value).toBe(5);
    });
  }
}

// Code that runs before the globals are taken away still finds them: objects, that reach nothing.
const EARLY = ["self.constructor", "a global's prototype"];

/** Everything that a global name can still be found under, from the global object to the end of its prototypes. */
const NAMES_LEFT = `
  const names = [];
  for (let target = globalThis; target !== null; target = Object.getPrototypeOf(target)) {
    names.push(Reflect.ownKeys(target).map(String).sort());
  }
  return JSON.stringify(names);`;

for (const { sandbox } of REALMS) {
  test(`${sandbox}: after lock-down exactly these names are left, so that any new one is noticed`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    expect((await plugins.load(await hostileRequest(server, glueThatRuns(NAMES_LEFT), { host: { sandbox } }))).error).toBeUndefined();
    const { value } = await plugins.call("attack", "run");
    const [own, ...inherited] = JSON.parse(String(value)) as string[][];
    console.log(`${sandbox}: ${own?.length} names are left: ${own?.join(" ")}`);
    expect(inherited).toEqual(LEFT_ON_ITS_PROTOTYPES[sandbox]);
    expect(own).toEqual(LEFT_IN_THE_WORKER[sandbox]);
  });
}

/** Notes what the page sends, before the runtime's walls are up. */
const SPY = `const seen = [];
  addEventListener("message", ({ data }) => {
    const walk = (value, depth) => {
      if (value instanceof WebAssembly.Module) seen.push("module");
      else if (value instanceof Uint8Array) seen.push("bytes");
      else if (typeof value === "object" && value !== null && depth < 8) Object.values(value).forEach((inner) => walk(inner, depth + 1));
    };
    walk(data, 0);
  });`;

for (const { sandbox, takesModules } of REALMS) {
  test(`${sandbox}: a plugin's worker has no origin and no policy but the sandbox's, and is sent its code ${takesModules ? "compiled" : "as bytes"}`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const topLevel = `${SPY} const policies = new Set(); const origin = self.origin;
      const reported = new Promise((resolve) => addEventListener("securitypolicyviolation", ({ originalPolicy, disposition }) => { policies.add(disposition + ": " + originalPolicy); resolve(); }));
      fetch("data:,").catch(() => undefined);`;
    const answer = "await reported; return JSON.stringify({ origin, seen, policies: [...policies] });";
    expect((await plugins.load(await hostileRequest(server, glueThatEscapes(topLevel, answer), { host: { sandbox } }))).error).toBeUndefined();
    const { value } = await plugins.call("attack", "run");
    const { origin, seen, policies } = JSON.parse(String(value)) as { origin: string; seen: string[]; policies: string[] };
    expect(origin).toBe("null");
    expect([...new Set(seen)]).toEqual([takesModules ? "module" : "bytes"]);
    expect(policies).toHaveLength(1);
    expect(policies[0]).toMatch(/^enforce: default-src 'none'; script-src ('sha256-[\w+/]{43}=' )?'wasm-unsafe-eval'; worker-src (data|blob):$/);
  });
}
