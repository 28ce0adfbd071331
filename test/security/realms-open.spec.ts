/** Realms that are not what they must be: an engine that drops the policy, a server that does not send it. Nothing may run in them. */
import type { Page } from "@playwright/test";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { glueThatEscapes, glueThatRuns, hostileRequest } from "../support/hostile-plugin.js";
import { expectNothingLeft, PluginPage } from "../support/plugin-page.js";
import { SEALED_POLICY } from "../support/server.mjs";

test.use({ allowPageErrors: true });

/** Glue that would tell the world that it runs, and says in the runtime's place that all is well. */
function forgingGlue(server: TestServer): string {
  const exfil = JSON.stringify(server.url("cors/exfil/open"));
  const forged = `import(${exfil}).catch(() => 0); function fetch() { return Promise.reject(1); } function Function() { throw 1; }
    postMessage({ seal: { sealed: true } }); postMessage({ message: { seal: { sealed: true } } });`;
  return glueThatEscapes(forged, 'return "done";');
}

async function expectNothingRan(page: Page, server: TestServer, sandboxes: readonly ("auto" | "policy-frame" | "sandboxed-frame")[], message: RegExp): Promise<void> {
  const plugins = new PluginPage(page, server);
  for (const glue of [glueThatRuns('return "done";'), forgingGlue(server)]) {
    for (const sandbox of sandboxes) {
      const { error } = await plugins.load(await hostileRequest(server, glue, { host: { sandbox } }));
      expect(error).toMatchObject({ code: "sandbox-unavailable", pluginId: "lab.attack" });
      expect(error?.message).toMatch(message);
    }
  }
  expect((await server.requests()).filter(({ path }) => path.includes("exfil"))).toEqual([]);
  await expectNothingLeft(plugins);
}

test("frames whose policy the engine drops: hostile glue cannot report in the runtime's place that they are sealed", async ({ page, server }) => {
  await page.addInitScript(() => {
    const srcdoc = Object.getOwnPropertyDescriptor(HTMLIFrameElement.prototype, "srcdoc");
    Object.defineProperty(HTMLIFrameElement.prototype, "srcdoc", { ...srcdoc, set(value: unknown) { srcdoc?.set?.call(this, String(value).replace(/<meta[^>]*>/, "")); } });
  });
  await page.reload();
  await expectNothingRan(page, server, ["auto", "policy-frame", "sandboxed-frame"], /it may fetch/);
});

test("frames whose policy the engine weakens: it is found as well", async ({ page, server }) => {
  await page.addInitScript(() => {
    const srcdoc = Object.getOwnPropertyDescriptor(HTMLIFrameElement.prototype, "srcdoc");
    Object.defineProperty(HTMLIFrameElement.prototype, "srcdoc", {
      ...srcdoc,
      set(value: unknown) {
        srcdoc?.set?.call(this, String(value).replace("default-src 'none'; script-src", "connect-src 'none'; script-src data: blob: 'unsafe-inline'").replace(/'sha256-[^']+'/, ""));
      },
    });
  });
  await page.reload();
  await expectNothingRan(page, server, ["policy-frame", "sandboxed-frame"], /it may load scripts/);
});

/** Ways in which a server can send the relay of `policy-worker` wrongly, and what the error says of them. */
const SERVED: readonly (readonly [what: string, query: Readonly<Record<string, string>>, message: RegExp])[] = [
  ["without a policy", {}, /served without its policy: it may fetch; serve it with the header Content-Security-Policy: default-src 'none'/],
  ["with the policy as a report only", { "csp-report-only": SEALED_POLICY }, /it may fetch/],
  ["with a policy against connections only", { csp: "connect-src 'none'" }, /it may load scripts/],
  ["with a policy that permits evaluation", { csp: SEALED_POLICY.replace("'wasm-unsafe-eval'", "'unsafe-eval'") }, /it may evaluate text/],
  // None of these three could be found by trying, without a network.
  ["with fonts left open", { csp: SEALED_POLICY.replace("default-src", "connect-src") }, /served with another policy \(connect-src 'none'/],
  ["with images left open", { csp: `${SEALED_POLICY}; img-src *` }, /served with another policy/],
  ["with scripts of its own origin permitted", { csp: SEALED_POLICY.replace("script-src", "script-src 'self'") }, /served with another policy/],
  ["with connections to an origin permitted", { csp: `${SEALED_POLICY}; connect-src https://api.example` }, /served with another policy/],
];

test.describe("policy-worker", () => {
  for (const [what, query, message] of SERVED) {
    test(`a relay that is served ${what} starts nothing`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const sandboxWorkerUrl = `${server.url("dist/sandbox-worker.js")}?${new URLSearchParams(query)}`;
      for (const glue of [glueThatRuns('return "done";'), forgingGlue(server)]) {
        const { error } = await plugins.load(await hostileRequest(server, glue, { host: { sandbox: "policy-worker", sandboxWorkerUrl } }));
        expect(error).toMatchObject({ code: "sandbox-unavailable", pluginId: "lab.attack" });
        expect(error?.message).toMatch(message);
      }
      expect((await server.requests()).filter(({ path }) => path.includes("exfil"))).toEqual([]);
      await expectNothingLeft(plugins);
    });
  }

  test("a relay from a data: URL, which no server can send a policy with, starts nothing", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const script = await (await page.request.get(server.url("dist/sandbox-worker.js"))).text();
    const sandboxWorkerUrl = `data:text/javascript,${encodeURIComponent(script)}`;
    const { error } = await plugins.load(await hostileRequest(server, forgingGlue(server), { host: { sandbox: "policy-worker", sandboxWorkerUrl } }));
    expect(error?.code).toBe("sandbox-unavailable");
    expect(error?.message).toContain("served without its policy");
    expect((await server.requests()).filter(({ path }) => path.includes("exfil"))).toEqual([]);
  });

  test("a second policy beside the sandbox's own can only take more away", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const sandboxWorkerUrl = `${server.url("sealed/dist/sandbox-worker.js")}?${new URLSearchParams({ csp: "default-src 'self' data: 'wasm-unsafe-eval'" })}`;
    const { error, report } = await plugins.loadPackaged("small-c", { host: { sandbox: "policy-worker", sandboxWorkerUrl } });
    expect(error).toBeUndefined();
    expect(report?.sandbox).toBe("policy-worker");
    expect((await plugins.call("small-c", "add", [2, 3])).value).toBe(5);
  });

  test("the sandbox's policy in another order, spacing and case is the same policy", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const sandboxWorkerUrl = `${server.url("dist/sandbox-worker.js")}?${new URLSearchParams({ csp: " Worker-Src  data: ;script-src 'wasm-unsafe-eval';;DEFAULT-SRC 'none'; " })}`;
    const { error, report } = await plugins.loadPackaged("small-c", { host: { sandbox: "policy-worker", sandboxWorkerUrl } });
    expect(error).toBeUndefined();
    expect(report?.sandbox).toBe("policy-worker");
  });

  for (const [what, served] of [
    ["is not there", { mode: "status", status: 404 } as const],
    ["is the app's own page", "<!doctype html><title>the app</title>"],
    ["never comes", { mode: "hang" } as const],
    ["is on another origin", undefined],
  ] as const) {
    test(`a relay that ${what} is reported as such`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      if (typeof served === "string") await server.putFile("dist/sandbox-worker.js", served);
      else if (served !== undefined) await server.setFaults([{ path: "/dist/sandbox-worker.js", ...served }]);
      const path = "sealed/dist/sandbox-worker.js";
      const sandboxWorkerUrl = served === undefined ? server.otherOriginUrl(path) : server.url(path);
      const { error } = await plugins.loadPackaged("small-c", { host: { sandbox: "policy-worker", sandboxWorkerUrl } });
      expect(error).toMatchObject({ code: "sandbox-unavailable", pluginId: "fixture.small-c" });
      expect(error?.message).toMatch(what === "never comes" ? /did not answer/ : /http:\S+sandbox-worker\.js/);
      await expectNothingLeft(plugins);
    });
  }

  test("without its address the error says which option is missing", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const { error } = await plugins.loadPackaged("small-c", { host: { sandbox: "policy-worker", sandboxWorkerUrl: undefined } });
    expect(error?.code).toBe("sandbox-unavailable");
    expect(error?.message).toContain("the option sandboxWorkerUrl does not say where sandbox-worker.js is served");
  });
});

/** What a worker behind the relay could post if it had got around the function that puts a list of buffers beside each message. */
const MALFORMED = [
  "null", "undefined", "{ transfer: 7, message: 1 }", "{ message: 1, transfer: [1] }", "{ message: 1, transfer: [null] }",
  "{ message: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }), transfer: [] }", "{ failure: 'forged', transfer: 'all' }",
];

test("policy-worker: the relay answers malformed messages of the worker behind it with a failure, and stands", async ({ page, server }) => {
  const script = `for (const make of [${MALFORMED.map((shape) => `() => (${shape})`).join(", ")}]) {
    try { postMessage(make()); } catch { postMessage({ transfer: "refused by the engine itself" }); }
  }
  postMessage({ message: "and it stands" });`;
  const heard = await page.evaluate(([url, text]) => new Promise<unknown[]>((resolve) => {
    const relay = new Worker(url);
    const all: unknown[] = [];
    relay.onmessage = ({ data }) => {
      all.push(data);
      if (data.message === "and it stands") resolve(all);
    };
    relay.postMessage(`data:text/javascript,${encodeURIComponent(text)}`);
  }), [server.url("sealed/dist/sandbox-worker.js"), script] as const);
  expect(heard.slice(0, -1)).toEqual(MALFORMED.map(() => ({ failure: expect.stringMatching(/^(TypeError|DataCloneError|a message)/) })));
});

test("policy-worker: what is transferred crosses the relay both ways without being copied", async ({ page, server }) => {
  const script = "onmessage = ({ data, ports }) => postMessage({ message: data, transfer: [data.bytes.buffer, data.port] }, [data.bytes.buffer, data.port]);";
  const outcome = await page.evaluate(([url, text]) => new Promise<unknown>((resolve) => {
    const relay = new Worker(url);
    const { port1, port2 } = new MessageChannel();
    const bytes = new Uint8Array(1_000).fill(7);
    // A port cannot be copied: without the list it would not arrive.
    relay.onmessage = ({ data }) => {
      if (data.failure !== undefined) return resolve(data);
      port1.onmessage = (event) => resolve({ sent: bytes.length, received: data.message.bytes.length, through: event.data });
      data.message.port.postMessage("the port");
    };
    relay.postMessage(`data:text/javascript,${encodeURIComponent(text)}`);
    const transfer = [bytes.buffer, port2];
    relay.postMessage({ message: { bytes, port: port2 }, transfer }, transfer);
  }), [server.url("sealed/dist/sandbox-worker.js"), script] as const);
  expect(outcome).toEqual({ sent: 0, received: 1_000, through: "the port" });
});
