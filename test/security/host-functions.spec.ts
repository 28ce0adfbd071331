/** Functions of the app that were not granted, or granted narrower: every way to reach them all the same. */
import { readFile } from "node:fs/promises";
import { decodeComponent } from "../../src/component/decode-component.js";
import type { World } from "../../src/component/world.js";
import { fixturePath } from "../fixtures/index.js";
import { expect, test } from "../support/browser-test.js";
import { loadNotes, runNotes, STORE } from "../support/notes-plugin.js";
import { PluginPage } from "../support/plugin-page.js";
import { loadRequesting } from "../support/requesting-plugin.js";

const READ = "probe:notes/store@1.0.0#read";
const run = (plugins: PluginPage, command: string, ...values: string[]) => runNotes(plugins, "notes-rust", command, ...values);

interface AuditEntry {
  readonly kind: string;
  readonly capability?: string;
  readonly function?: string;
  readonly summary?: string;
}

async function auditOf(plugins: PluginPage): Promise<readonly AuditEntry[]> {
  return plugins.run(({ plugins: modules }) => modules.hostOf("notes-rust").audit(), undefined) as Promise<readonly AuditEntry[]>;
}

/** What the page's app was called with. */
async function callsOfTheApp(plugins: PluginPage): Promise<readonly { readonly path: string }[]> {
  return plugins.page.evaluate(async (url) => ((await import(url)) as { calls: { path: string }[] }).calls, plugins.server.url("pages/notes-app.js"));
}

for (const [way, options] of [
  ["asked for and not granted", { grant: [] }],
  ["granted and not asked for", { requests: [] }],
  ["granted under another version", { grant: ["host:probe:notes/store@1.0.1"] }],
] as const) {
  test(`an interface ${way} is denied, typed and audited`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const loaded = await loadNotes(plugins, server, "notes-rust", options);
    expect(loaded.grants).toEqual([]);
    expect((await run(plugins, "compute", "30")).value).toBe("832040");
    expect((await run(plugins, "read", "today")).error?.payload).toContain("denied");
    expect((await run(plugins, "write", "x", "y")).error?.payload).toBe("denied");
    const now = await run(plugins, "now");
    expect(now.error?.code).toBe("capability-denied");
    expect(now.error?.message).toContain("probe:notes/store@1.0.0#now");
    expect((await run(plugins, "compute", "30")).value).toBe("832040");
    const denied = (await auditOf(plugins)).filter(({ kind }) => kind === "denied").map((entry) => entry.function);
    expect(denied).toEqual([READ, "probe:notes/store@1.0.0#write", "probe:notes/store@1.0.0#now"]);
    expect(await callsOfTheApp(plugins), "calls that reached the app").toEqual([]);
  });
}

test("a grant of one function is not a grant of the others", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  expect((await loadNotes(plugins, server, "notes-rust", { grant: [`${STORE}#read`] })).grants).toEqual([`${STORE}#read`]);
  expect((await run(plugins, "read", "today")).value).toBe("milk\nbread");
  expect((await run(plugins, "write", "x", "y")).error?.payload).toBe("denied");
  expect((await run(plugins, "open", "today")).error?.payload).toContain("denied");
  expect((await run(plugins, "now")).error?.code).toBe("capability-denied");
});

test("a request for one function gets no more, whatever the app grants", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  expect((await loadNotes(plugins, server, "notes-rust", { requests: [`${STORE}#read`] })).grants).toEqual([`${STORE}#read`]);
  expect((await run(plugins, "write", "x", "y")).error?.payload).toBe("denied");
});

test("a grant of some arguments withstands arguments that only look like them", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const grant = `${STORE}#read?path=/notes/*`;
  expect((await loadNotes(plugins, server, "notes-rust", { grant: [grant] })).grants).toEqual([grant]);
  expect((await run(plugins, "read", "/notes/open")).value).toBe("public");
  for (const path of ["today", "/notes", "/notes/../secret", "/notes/./../secret", "/notesecret", " /notes/open", "/notes/%2e%2e/secret", "/notes/..\\secret", "//notes/open", "/NOTES/open"]) {
    expect((await run(plugins, "read", path)).error?.payload, path).toContain("denied");
  }
  expect((await callsOfTheApp(plugins)).map(({ path }) => path), "what reached the app").toEqual(["/notes/open"]);
  const denied = (await auditOf(plugins)).filter(({ kind }) => kind === "denied");
  expect(denied[2]).toMatchObject({ capability: "host", function: READ });
  expect(denied[2]?.summary).toContain("/notes/../secret");
});

test("what is revoked while the plugin runs is denied from the next call on, and nothing else ends", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await loadNotes(plugins, server, "notes-rust");
  expect((await run(plugins, "read", "today")).value).toBe("milk\nbread");
  await plugins.run(({ plugins: modules }) => modules.hostOf("notes-rust").grants.revoke("fixture.notes-rust", "host:probe:notes/store@1.0.0"), undefined);
  expect((await run(plugins, "read", "today")).error?.payload).toContain("denied");
  expect(await plugins.run(({ plugins: modules }) => modules.handle("notes-rust").grants, undefined)).toEqual([]);
  expect((await plugins.events()).filter(({ kind }) => kind === "instance-ended")).toEqual([]);
  expect((await auditOf(plugins)).map(({ kind }) => kind)).toEqual(["grant", "revoked", "denied"]);
});

test("an interface that nobody implements, or an older one, refuses the load with its name", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const { error } = await loadRequesting(plugins, server, "notes-rust", [STORE], { host: { grant: [STORE] } });
  expect(error).toMatchObject({ code: "import-unknown", stage: "admit" });
  expect(error?.message).toContain("probe:notes/store@1.0.0");
});

test("an interface that the app implements with other types refuses the load, naming the difference", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const world = decodeComponent(new Uint8Array(await readFile(fixturePath("notes-rust"))));
  const altered = JSON.parse(JSON.stringify(world)) as { -readonly [Member in keyof World]: World[Member] };
  const now = altered.imports.interfaces.flatMap(({ functions }) => functions).find(({ name }) => name === "now");
  if (now === undefined) throw new Error("the fixture has no function now");
  Object.assign(now.type, { result: "string" });
  const { error } = await loadRequesting(plugins, server, "notes-rust", [STORE], {
    host: { grant: [STORE], setup: { module: "notes-app.js", create: "createNotes", argument: { world: altered } } },
  });
  expect(error?.code).toBe("interface-mismatch");
  expect(error?.message).toContain("probe:notes/store@1.0.0#now result: found string, wanted u64");
});

test("a plugin that keeps every object of the app is refused more, and gives all back when it ends", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await loadNotes(plugins, server, "notes-rust", { limits: { callMilliseconds: 60_000 } });
  expect((await run(plugins, "leak", "100", "today")).value).toBe("100");
  const refused = await run(plugins, "leak", "5000", "today");
  expect(refused.error?.payload).toBe("probe:notes/store@1.0.0#open failed in the app");
  const disposed = () => page.evaluate(async (url) => ((await import(url)) as { disposed: unknown[] }).disposed.length, server.url("pages/notes-app.js"));
  const whileRunning = await disposed();
  await plugins.run(({ plugins: modules }) => modules.handle("notes-rust").dispose(), undefined);
  await expect.poll(disposed).toBeGreaterThanOrEqual(4_096);
  expect(whileRunning, "given back before the end").toBeLessThan(10);
});

test("an instance that traps gives back the app's objects, too", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await loadNotes(plugins, server, "notes-rust", { behaviour: "throws" });
  expect((await run(plugins, "leak", "7", "today")).value).toBe("7");
  expect((await run(plugins, "now")).error?.code).toBe("host-function-failed");
  await expect.poll(() => page.evaluate(async (url) => ((await import(url)) as { disposed: unknown[] }).disposed.length, server.url("pages/notes-app.js"))).toBe(7);
});

test("every call of the app is in the audit, if the app wants that", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await loadNotes(plugins, server, "notes-rust", { audit: { hostCalls: true } });
  await run(plugins, "read", "today");
  const calls = (await auditOf(plugins)).filter(({ kind }) => kind === "host-call");
  expect(calls).toEqual([expect.objectContaining({ function: READ, summary: expect.stringContaining("today") })]);
});
