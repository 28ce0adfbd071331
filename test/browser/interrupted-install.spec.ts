/**
 * Power cuts: an installer dies at random moments of installing, updating, rolling back and uninstalling, hundreds of times.
 * Each time the next start has exactly the old or exactly the new version, whole and loadable, and nothing else.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { ID, InstalledPage, type OpenRequest, putVersions, versionOf } from "../support/installable.js";
import { publisherKey } from "../support/plugin-page.js";
import { seededRandom } from "../support/random.js";
import { startBrowser } from "../support/running-browser.js";

const VERSIONS = ["1.0.0", "2.0.0", "3.0.0", "4.0.0"];

interface State {
  readonly active: string | undefined;
  readonly previous: string | undefined;
}

interface Step {
  readonly operation: readonly [name: string, ...values: readonly unknown[]];
  readonly next: State;
}

const NOTHING: State = { active: undefined, previous: undefined };

/** What is done next, of all that can be done in this state. */
function nextStep({ active, previous }: State, random: () => number): Step {
  const others = VERSIONS.filter((version) => version !== active);
  const version = others[Math.floor(random() * others.length)] ?? "1.0.0";
  const kind = random();
  if (active !== undefined && kind < 0.15) return { operation: ["uninstall", ID, { data: random() < 0.5 ? "keep" : "delete" }], next: NOTHING };
  if (active !== undefined && previous !== undefined && kind < 0.35) return { operation: ["rollBack", ID], next: { active: previous, previous: active } };
  if (active !== undefined && active < "4.0.0" && kind < 0.6) return { operation: ["update", ID], next: { active: "4.0.0", previous: active } };
  return { operation: ["install", ID, { version, allowDowngrade: true }], next: { active: version, previous: active } };
}

/** The next start, in `tab`: what is there is one of the two states, and nothing is left of the other. */
async function nextStart(tab: InstalledPage, old: State, { operation, next }: Step, what: string): Promise<{ readonly state: State; readonly isNew: boolean }> {
  const where = `${what}: ${JSON.stringify(operation)} from ${JSON.stringify(old)}`;
  const { version, value, error } = await tab.load();
  expect([undefined, "plugin-not-found"], `${where}: ${error?.message}`).toContain(error?.code);
  await tab.disposeAll();
  // Tidied twice: the lock of a page that just died may be let go a moment later.
  await expect.poll(async () => {
    await tab.open(await requestOf());
    await tab.operate("recover");
    const { wrong, records } = await tab.inspect();
    return [...wrong, ...records.filter((name) => name !== `plugin:${ID}`)];
  }, where).toEqual([]);
  const { active: [active = null], previous: [previous = null] } = await tab.inspect();
  const found: State = { active: active ?? undefined, previous: previous ?? undefined };
  const isNew = found.active === next.active;
  expect(found, where).toEqual(isNew ? next : old);
  expect([version, value], where).toEqual(found.active === undefined ? [undefined, undefined] : [found.active, 42]);
  expect(await tab.problems(), where).toEqual([]);
  return { state: found, isNew };
}

const requestOf = async (): Promise<OpenRequest> => ({ index: ["../packages/versions/index.json"], keys: [await publisherKey()] });

async function registry(server: TestServer): Promise<void> {
  await putVersions(server, await Promise.all(VERSIONS.map((version) => versionOf(version, { assets: [6, 50_000] }))));
}

type Strike = { readonly request: number } | { readonly milliseconds: number };

/** Does the operation in a frame that is removed in its middle. */
async function strikeFrame(page: Page, step: Step, strike: Strike): Promise<void> {
  await page.evaluate(({ url }) => new Promise<void>((resolve) => {
    const frame = document.createElement("iframe");
    frame.src = url;
    const end = (): void => {
      observer.disconnect();
      removeEventListener("message", end);
      frame.remove();
      resolve();
    };
    const observer = new MutationObserver(() => !frame.isConnected && end());
    addEventListener("message", end);
    document.body.append(frame);
    observer.observe(document.body, { childList: true });
  }), { url: `struck-installer.html#${encodeURIComponent(JSON.stringify({ request: await requestOf(), operation: step.operation, strike }))}` });
}

const WAYS: readonly (readonly [way: string, seed: number, strike: (random: () => number) => Strike])[] = [
  ["at a request of the database", 11, (random) => ({ request: 1 + Math.floor(random() * 45) })],
  ["at any moment", 12, (random) => ({ milliseconds: Math.floor(random() * 120) })],
];
const ROUNDS = 110;

for (const [way, seed, strikeOf] of WAYS) {
  test(`an installer that ends ${way}, ${ROUNDS} times, leaves the old version or the new one`, async ({ page, server }) => {
    test.setTimeout(900_000);
    await registry(server);
    const random = seededRandom(seed);
    const tab = new InstalledPage(page, server);
    await tab.open(await requestOf());
    let state = NOTHING;
    const outcomes = { old: 0, new: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      const step = nextStep(state, random);
      await strikeFrame(page, step, strikeOf(random));
      const found = await nextStart(tab, state, step, `round ${round}`);
      outcomes[found.isNew ? "new" : "old"] += 1;
      state = found.state;
    }
    console.log(`${way}: ${JSON.stringify(outcomes)}`);
  });
}

const KILLS: readonly (readonly [how: string, seed: number, rounds: number, kill: (page: Page) => Promise<unknown>])[] = [
  ["whose tab is closed", 21, 40, (page) => page.close()],
  ["whose page is left", 22, 20, (page) => page.goto("about:blank")],
  ["whose process crashes", 23, 20, async (page) => {
    const crashed = page.waitForEvent("crash");
    await page.goto("chrome://crash").catch(() => undefined);
    await crashed;
  }],
];

for (const [how, seed, rounds, kill] of KILLS) {
  test(`an installer ${how} at a random moment, ${rounds} times, leaves the old version or the new one`, async ({ page, context, server }) => {
    test.setTimeout(900_000);
    await registry(server);
    const random = seededRandom(seed);
    const tab = new InstalledPage(page, server);
    await tab.open(await requestOf());
    let state = NOTHING;
    for (let round = 0; round < rounds; round += 1) {
      const step = nextStep(state, random);
      const struck = await context.newPage();
      await struck.goto(server.url("pages/blank.html"));
      const installer = new InstalledPage(struck, server);
      await installer.open(await requestOf());
      const done = installer.operate(...step.operation).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, random() * 100));
      await kill(struck);
      await done;
      ({ state } = await nextStart(tab, state, step, `round ${round}`));
      await struck.close();
    }
  });
}

test("an installer whose whole browser is killed at a random moment, 12 times, leaves the old version or the new one", async ({ server }) => {
  test.setTimeout(900_000);
  await registry(server);
  const random = seededRandom(31);
  const profile = await mkdtemp(join(tmpdir(), "portcullis-profile-"));
  try {
    let state = NOTHING;
    for (let round = 0; round < 12; round += 1) {
      const step = nextStep(state, random);
      const struck = await startBrowser(profile, server);
      const installer = new InstalledPage(struck.page, server);
      await installer.open(await requestOf());
      const done = installer.operate(...step.operation).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, random() * 150));
      await struck.kill();
      await done;
      const next = await startBrowser(profile, server);
      const tab = new InstalledPage(next.page, server);
      await tab.open(await requestOf());
      ({ state } = await nextStart(tab, state, step, `round ${round}`));
      await next.kill();
    }
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
