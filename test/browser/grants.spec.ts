/** What a person grants: asked once, kept, shared by tabs, taken back while the plugin runs. */
import type { Page } from "@playwright/test";
import type { FixtureName } from "../fixtures/index.js";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { packagedDescriptor, type PlainError, publisherKey } from "../support/plugin-page.js";

interface HostOptions {
  readonly limits?: Readonly<Record<string, number>>;
  readonly answer?: unknown;
  readonly store?: null;
}

interface Loaded {
  readonly grants?: readonly string[];
  readonly error?: PlainError;
}

/** One tab with a host that asks. */
class GrantPage {
  readonly page: Page;
  readonly #server: TestServer;

  private constructor(page: Page, server: TestServer) {
    this.page = page;
    this.#server = server;
  }

  static async open(page: Page, server: TestServer, options: HostOptions = {}): Promise<GrantPage> {
    const opened = new GrantPage(page, server);
    await opened.#run(`grants.open(portcullis, prompt, ${JSON.stringify({ key: await publisherKey(), ...options })})`);
    return opened;
  }

  /** Another tab of the same browser, with a host of its own. */
  async otherTab(options: HostOptions = {}): Promise<GrantPage> {
    const page = await this.page.context().newPage();
    await page.goto(this.page.url());
    return GrantPage.open(page, this.#server, options);
  }

  async reload(options: HostOptions = {}): Promise<GrantPage> {
    await this.page.reload();
    return GrantPage.open(this.page, this.#server, options);
  }

  async load(name: FixtureName): Promise<Loaded> {
    return (await this.#run(`grants.loadPlugin(portcullis, ${JSON.stringify(`fixture.${name}`)}, ${JSON.stringify(await packagedDescriptor(name))})`)) as Loaded;
  }

  /** Loads, and answers the dialog as a person does. */
  async loadAnd(name: FixtureName, answer: (dialog: ReturnType<Page["getByRole"]>) => Promise<void>): Promise<Loaded> {
    const loading = this.load(name);
    const dialog = this.page.getByRole("dialog");
    await expect(dialog.locator(".deny-all")).toBeEnabled();
    await answer(dialog);
    return loading;
  }

  call(name: string, values: readonly unknown[] = []) {
    return this.#run(`grants.callPlugin(${JSON.stringify(name)}, ${JSON.stringify(values)})`) as Promise<{ readonly value?: unknown; readonly error?: PlainError }>;
  }

  revoke(pluginId: string, capability?: string) {
    return this.#run(`grants.revoke(${JSON.stringify(pluginId)}, ${JSON.stringify(capability)})`);
  }

  grantsNow = () => this.#run("grants.grantsNow()");
  remembered = () => this.#run("grants.remembered()") as Promise<readonly Record<string, unknown>[]>;
  asked = () => this.#run("grants.asked") as Promise<readonly string[]>;
  events = (kind: string) => this.#run(`grants.events.filter((event) => event.kind === ${JSON.stringify(kind)})`) as Promise<readonly Record<string, unknown>[]>;

  #run(code: string): Promise<unknown> {
    const modules = [["grants", "pages/grants.js"], ["prompt", "dist/prompt.js"], ["portcullis", "dist/index.js"]] as const;
    const imports = modules.map(([name, path]) => `const ${name} = await import(${JSON.stringify(this.#server.url(path))});`).join(" ");
    return this.page.evaluate(`(async () => { ${imports} return ${code}; })()`);
  }
}

/** Allows what one group asks for, for some time. */
async function allow(dialog: ReturnType<Page["getByRole"]>, description: string, time: string): Promise<void> {
  const request = dialog.getByRole("group", { name: description });
  await request.getByLabel("Allow", { exact: true }).check();
  await request.getByLabel("For how long").selectOption(time);
}

const LOG = "Write structured log messages";

test("what is allowed always is not asked again after a reload, until it is taken back", async ({ page, server }) => {
  let grants = await GrantPage.open(page, server);
  const loaded = await grants.loadAnd("logger", async (dialog) => {
    await expect(dialog.locator(".signed")).toContainText("Signed by a publisher that this app trusts");
    await expect(dialog.getByRole("group", { name: LOG })).toContainText("It logs");
    await allow(dialog, LOG, "Always");
    await dialog.locator(".allow-selected").click();
  });
  expect(loaded).toEqual({ grants: ["log"] });
  grants = await grants.reload();
  expect(await grants.load("logger")).toEqual({ grants: ["log"] });
  expect(await grants.asked()).toEqual([]);
  expect(await grants.remembered()).toEqual([{ pluginId: "fixture.logger", capability: "log", decision: "always", version: "1.0.0", vouchers: 1 }]);
  expect(await grants.revoke("fixture.logger", "log")).toBe(true);
  expect(await grants.remembered()).toEqual([]);
  grants = await grants.reload();
  const refused = await grants.loadAnd("logger", (dialog) => dialog.locator(".deny-all").click());
  expect(refused.error).toMatchObject({ code: "capability-not-granted", message: expect.stringContaining("refused when asked for") });
});

test("one dialog for all that a plugin asks for; refused for ever, allowed for the session, allowed once", async ({ page, server }) => {
  let grants = await GrantPage.open(page, server);
  const loaded = await grants.loadAnd("everything-c", async (dialog) => {
    await expect(dialog.getByRole("group")).toHaveCount(4);
    await allow(dialog, "Draw random numbers", "Until this page is closed");
    await allow(dialog, "Write text to the app's output", "Only this time");
    await dialog.getByRole("group", { name: "Write error text" }).getByLabel("Never ask again").check();
    await dialog.locator(".allow-selected").click();
  });
  expect(loaded).toEqual({ grants: ["random", "stdout"] });
  // Asked again: what was allowed once, and what was denied but not for ever.
  const again = await grants.loadAnd("everything-c", async (dialog) => {
    await expect(dialog.getByRole("group")).toHaveCount(2);
    await page.keyboard.press("Escape");
  });
  expect(again).toEqual({ grants: ["random"] });
  const remembered = (await grants.remembered()).map(({ capability, decision }) => `${String(capability)} ${String(decision)}`);
  expect(remembered.toSorted()).toEqual(["random session", "stderr never"]);
  // A session ends with the page.
  grants = await grants.reload({ answer: true });
  expect(await grants.load("everything-c")).toEqual({ grants: ["clocks", "random", "stdout"] });
  expect(await grants.asked()).toEqual(["clocks", "random", "stdout"]);
});

test("what is taken back is lost by what runs, in this tab and in others", async ({ page, server }) => {
  const here = await GrantPage.open(page, server, { answer: { decision: "always" } });
  expect(await here.load("logger")).toEqual({ grants: ["log"] });
  const there = await here.otherTab();
  expect(await there.load("logger")).toEqual({ grants: ["log"] });
  for (const tab of [here, there]) expect(await tab.call("logEveryLevel", ["context", "message"])).toEqual({ value: 6 });
  expect(await here.revoke("fixture.logger", "log")).toBe(true);
  for (const tab of [here, there]) {
    await expect.poll(() => tab.grantsNow()).toEqual([]);
    expect((await tab.call("logEveryLevel", ["context", "message"])).error?.code).toBe("capability-denied");
    expect(await tab.call("add", [40, 2])).toEqual({ value: 42 });
  }
});

test("two tabs that decide at the same time lose nothing of each other", async ({ page, server }) => {
  const here = await GrantPage.open(page, server, { answer: { decision: "always" } });
  const there = await here.otherTab({ answer: { decision: "always" } });
  await Promise.all([here.load("everything-c"), there.load("logger")]);
  for (const tab of [here, there]) {
    const found = (await tab.remembered()).map(({ pluginId, capability }) => `${String(pluginId)} ${String(capability)}`).sort();
    expect(found).toEqual([...["clocks", "random", "stderr", "stdout"].map((capability) => `fixture.everything-c ${capability}`), "fixture.logger log"]);
  }
});

test("a person may take longer than a load, and not longer than a question", async ({ page, server }) => {
  const slow = await GrantPage.open(page, server, { limits: { loadMilliseconds: 8_000, grantMilliseconds: 60_000 } });
  const loaded = await slow.loadAnd("logger", async (dialog) => {
    await page.waitForTimeout(9_000);
    await allow(dialog, LOG, "Only this time");
    await dialog.locator(".allow-selected").click();
  });
  expect(loaded).toEqual({ grants: ["log"] });
  const never = await slow.reload({ limits: { grantMilliseconds: 1_000 } });
  expect((await never.load("logger")).error).toMatchObject({ code: "capability-not-granted", message: expect.stringContaining("nobody answered in time") });
  await expect(page.getByRole("dialog")).toHaveCount(0);
  expect(await never.remembered()).toEqual([]);
});

test("two loads at once ask once", async ({ page, server }) => {
  const grants = await GrantPage.open(page, server);
  const loads = [grants.load("logger"), grants.load("logger")];
  const dialog = page.getByRole("dialog");
  await expect(dialog.locator(".deny-all")).toBeEnabled();
  await expect.poll(() => grants.asked()).toEqual(["log"]);
  await allow(dialog, LOG, "Only this time");
  await dialog.locator(".allow-selected").click();
  expect(await Promise.all(loads)).toEqual([{ grants: ["log"] }, { grants: ["log"] }]);
  await expect(dialog).toHaveCount(0);
});

const broken: readonly (readonly [what: string, script: string])[] = [
  ["is forbidden", "IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); }"],
  ["never answers", "IDBFactory.prototype.open = () => new EventTarget()"],
  ["cannot be written", "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); }"],
];
for (const [what, script] of broken) {
  test(`IndexedDB that ${what} fails no load: nothing is kept longer than the session, which is told`, async ({ page, server }) => {
    await page.addInitScript(script);
    await page.reload();
    let grants = await GrantPage.open(page, server, { answer: { decision: "always" } });
    expect(await grants.load("logger")).toEqual({ grants: ["log"] });
    expect(await grants.load("logger")).toEqual({ grants: ["log"] });
    expect(await grants.asked()).toEqual(["log"]);
    expect((await grants.events("grant-problem"))[0]).toMatchObject({ pluginId: "fixture.logger", reason: expect.stringMatching(/^The grant store cannot (read|keep) decisions: /) });
    grants = await grants.reload({ answer: { decision: "deny" } });
    expect((await grants.load("logger")).error?.code).toBe("capability-not-granted");
  });
}

test("what anybody left in the database grants nothing unless it is a decision in every detail", async ({ page, server }) => {
  const first = await GrantPage.open(page, server, { answer: { decision: "always" } });
  await first.load("logger");
  await page.evaluate(async () => {
    const request = <Value>(made: IDBRequest<Value>) => new Promise<Value>((resolve, reject) => {
      made.onsuccess = () => resolve(made.result);
      made.onerror = () => reject(made.error);
    });
    const store = (await request(indexedDB.open("portcullis-grants"))).transaction("grants", "readwrite").objectStore("grants");
    const [record] = await request(store.getAll());
    await request(store.clear());
    const changes: readonly object[] = [{ vouchers: [] }, { vouchers: ["key:00"] }, { asked: "clocks" }, { capability: "clocks" }, { decision: "yes" }, { pluginId: "fixture.other" }, { time: -1 }, { extra: true }, { asked: "everything" }];
    for (const [index, change] of changes.entries()) await request(store.put({ ...record, ...change }, `changed ${index}`));
    for (const [index, value] of [null, 5, "always", [], {}, new Date()].entries()) await request(store.put(value, `foreign ${index}`));
  });
  const second = await first.reload({ answer: { decision: "deny" } });
  expect((await second.load("logger")).error?.code).toBe("capability-not-granted");
  expect(await second.asked()).toEqual(["log"]);
  expect(await second.events("grant-problem")).toEqual([]);
});

test("a plugin that asks for nothing loads none of this", async ({ page, server }) => {
  const grants = await GrantPage.open(page, server, { answer: true });
  const paths = async () => (await server.requests()).map(({ path }) => path).filter((path) => /grant-keeper|decide-grants|grant-store/.test(path));
  expect(await grants.load("small-c")).toEqual({ grants: [] });
  expect(await paths()).toEqual([]);
  expect(await grants.load("logger")).toEqual({ grants: ["log"] });
  expect((await paths()).length).toBeGreaterThan(1);
});
