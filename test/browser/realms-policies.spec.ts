/**
 * Pages with strict policies. The policies are those that src/runtime/worker/README.md gives: each is sent with a page as
 * it stands there, and every part of it is left out once, to see that it is needed and that the error says so.
 */
import { readFile } from "node:fs/promises";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { expectNothingLeft, PluginPage, type PlainError } from "../support/plugin-page.js";
import type { SandboxKind } from "../../src/index.js";

// What a policy blocks is reported on the console, the page's own empty icon among it.
test.use({ allowPageErrors: true });

const README = new URL("../../src/runtime/worker/README.md", import.meta.url);
const REALMS = ["policy-frame", "sandboxed-frame", "policy-worker"] as const;

/** The policy that the README's table has for a page with that sandbox. */
async function documented(sandbox: SandboxKind): Promise<string> {
  const row = new RegExp(`^\\| \`${sandbox}\` \\| \`(default-src [^\`]+)\` \\|`, "m").exec(await readFile(README, "utf8"));
  if (row?.[1] === undefined) throw new Error(`README.md of the sandboxes has no policy for ${sandbox}`);
  return row[1];
}

async function open(plugins: PluginPage, policy: string, prefix = ""): Promise<void> {
  await plugins.page.goto(`${plugins.server.url(`${prefix}pages/blank.html`)}?csp=${encodeURIComponent(policy)}`);
}

/** Loads a signed package and a bare component, which needs the transpiler, and calls both. */
async function expectEverythingWorks(plugins: PluginPage, sandbox: SandboxKind, host: { readonly sandbox: SandboxKind; readonly sandboxWorkerUrl?: string } = { sandbox }): Promise<void> {
  const packaged = await plugins.loadPackaged("types-rust", { host });
  expect(packaged.error).toBeUndefined();
  expect(packaged.report).toMatchObject({ sandbox, code: "package" });
  expect((await plugins.call("types-rust", "echoTuple", [[1, "text", 0.5]])).value).toEqual([1, "text", 0.5]);
  const bare = await plugins.loadComponent("small-c", { host, name: "bare" });
  expect(bare.error).toBeUndefined();
  expect(bare.report).toMatchObject({ sandbox, code: "transpiled" });
  expect(await plugins.call("bare", "add", [40, 2])).toEqual({ value: 42 });
}

for (const sandbox of REALMS) {
  test(`${sandbox}: everything works in a page with exactly the documented policy`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const policy = await documented(sandbox);
    expect(policy).not.toContain("'unsafe-");
    await open(plugins, policy);
    await expectEverythingWorks(plugins, sandbox);
  });

  test(`${sandbox}: it works in a cross-origin isolated page`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server, "isolated/");
    await open(plugins, await documented(sandbox), "isolated/");
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await expectEverythingWorks(plugins, sandbox);
  });

  test(`${sandbox}: it works in a page that is no secure context`, async ({ page, server }) => {
    const insecure: TestServer = { ...server, url: server.insecureUrl };
    const plugins = new PluginPage(page, insecure);
    await open(plugins, await documented(sandbox));
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    await expectEverythingWorks(plugins, sandbox);
  });

  test(`${sandbox}: it works in a page that requires trusted types and allows the policy of this package`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    await open(plugins, `${await documented(sandbox)}; require-trusted-types-for 'script'; trusted-types portcullis`);
    expect(await page.evaluate(() => {
      try {
        document.createElement("div").innerHTML = "text";
        return "not required";
      } catch {
        return "required";
      }
    })).toBe("required");
    await expectEverythingWorks(plugins, sandbox);
  });

  test(`${sandbox}: where trusted types are required and its own are not allowed, the error says so`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    await open(plugins, `${await documented(sandbox)}; require-trusted-types-for 'script'; trusted-types another`);
    const { error } = await plugins.loadPackaged("small-c", { host: { sandbox } });
    expect(error).toMatchObject({ code: "sandbox-unavailable", pluginId: "fixture.small-c" });
    expect(error?.message).toMatch(/Trusted(HTML|ScriptURL).*trusted-types portcullis/s);
    await expectNothingLeft(plugins);
  });

  test(`${sandbox}: it works in a page whose scripts are trusted by a nonce and what they load, 'strict-dynamic'`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const policy = (await documented(sandbox)).replace("script-src 'self'", "script-src 'nonce-cG9ydGN1bGxpcw' 'strict-dynamic'");
    expect(policy).toContain("'strict-dynamic'");
    await page.goto(`${server.url("pages/scripted.html")}?csp=${encodeURIComponent(policy)}`);
    await page.evaluate(() => (globalThis as unknown as { modules: Promise<unknown> }).modules);
    await expectEverythingWorks(plugins, sandbox);
  });
}

/** What each part of a policy is for, by the error of a page that leaves it out. */
const NEEDED: Readonly<Record<SandboxKind, readonly (readonly [part: RegExp, error: Partial<PlainError>, message: RegExp])[]>> = {
  "policy-frame": [
    [/; worker-src data:/, { code: "sandbox-unavailable" }, /policy-frame: .*worker-src data:/s],
    [/ 'wasm-unsafe-eval'/, { code: "compile-failed" }, /'wasm-unsafe-eval'/],
    [/; connect-src 'self'/, { code: "source-unreachable" }, /Cannot fetch http/],
  ],
  "sandboxed-frame": [
    [/; worker-src blob:/, { code: "sandbox-unavailable" }, /sandboxed-frame: .*worker-src blob:/s],
    [/ 'sha256-[^']+'/, { code: "sandbox-unavailable" }, /sandboxed-frame: .*script-src 'sha256-[\w+/]{43}='/s],
    [/ 'wasm-unsafe-eval'/, { code: "compile-failed" }, /'wasm-unsafe-eval'/],
    [/; connect-src 'self'/, { code: "source-unreachable" }, /Cannot fetch http/],
  ],
  "policy-worker": [
    [/ 'wasm-unsafe-eval'/, { code: "compile-failed" }, /'wasm-unsafe-eval'/],
    [/; connect-src 'self'/, { code: "source-unreachable" }, /Cannot fetch http/],
  ],
};

for (const sandbox of REALMS) {
  for (const [part, expected, message] of NEEDED[sandbox]) {
    test(`${sandbox}: without ${part.source.replace(/^[; ]+/, "")} the page's error says what is missing`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const policy = await documented(sandbox);
      const less = policy.replace(part, "");
      expect(less).not.toBe(policy);
      await open(plugins, less);
      const { error } = await plugins.loadPackaged("small-c", { host: { sandbox } });
      expect(error).toMatchObject(expected);
      expect(error?.message).toMatch(message);
      await expectNothingLeft(plugins);
    });
  }

  test(`${sandbox}: the documented policy has no part but those, and the page's own scripts`, async () => {
    const rest = NEEDED[sandbox].reduce((policy, [part]) => policy.replace(part, ""), await documented(sandbox));
    expect(rest).toBe("default-src 'none'; script-src 'self'");
  });
}

test("policy-worker: in a cross-origin isolated page, a relay without that page's own header is reported as such", async ({ page, server }) => {
  const plugins = new PluginPage(page, server, "isolated/");
  await open(plugins, await documented("policy-worker"), "isolated/");
  const sandboxWorkerUrl = server.url("sealed/dist/sandbox-worker.js");
  const { error } = await plugins.loadPackaged("small-c", { host: { sandbox: "policy-worker", sandboxWorkerUrl } });
  expect(error).toMatchObject({ code: "sandbox-unavailable" });
  expect(error?.message).toMatch(/sandbox-worker\.js failed: it could not be loaded.*Cross-Origin-Embedder-Policy/s);
});

test("policy-worker: a page whose worker-src has another value is told to allow the relay's origin", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await open(plugins, `${await documented("policy-worker")}; worker-src data:`);
  const { error } = await plugins.loadPackaged("small-c", { host: { sandbox: "policy-worker" } });
  expect(error).toMatchObject({ code: "sandbox-unavailable" });
  expect(error?.message).toMatch(/policy-worker: .*worker-src with the origin of sandboxWorkerUrl/s);
});

test("auto: in a page that allows workers of its own origin alone, the relay is what is left, and is taken last", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await open(plugins, await documented("policy-worker"));
  const sandboxWorkerUrl = server.url("sealed/dist/sandbox-worker.js");
  const { report, error } = await plugins.loadPackaged("small-c", { host: { sandboxWorkerUrl } });
  expect(error).toBeUndefined();
  expect(report?.sandbox).toBe("policy-worker");
  await page.goto(server.url("pages/blank.html"));
  await server.forgetRequests();
  expect((await plugins.loadPackaged("small-c", { host: { sandboxWorkerUrl } })).report?.sandbox).toBe("policy-frame");
  expect((await server.requests()).filter(({ path }) => path.includes("sandbox-worker"))).toEqual([]);
});

test("the header that the README gives for the relay is the one under which it starts", async ({ page, server }) => {
  const header = /^Content-Security-Policy: (.+)$/m.exec(await readFile(README, "utf8"))?.[1];
  const plugins = new PluginPage(page, server);
  const sandboxWorkerUrl = `${server.url("dist/sandbox-worker.js")}?csp=${encodeURIComponent(header ?? "")}`;
  const { error, report } = await plugins.loadPackaged("small-c", { host: { sandbox: "policy-worker", sandboxWorkerUrl } });
  expect(error).toBeUndefined();
  expect(report?.sandbox).toBe("policy-worker");
});
