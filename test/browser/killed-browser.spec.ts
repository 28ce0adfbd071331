/** A browser that dies in the middle of a load, and the next one with the same profile on disk. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "@playwright/test";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { CachePage } from "../support/cache-page.js";
import { findChromium, launchOptions } from "../support/chromium.mjs";
import { PluginPage } from "../support/plugin-page.js";
import { seededRandom } from "../support/random.js";
import { expectAnswers } from "../support/small-plugin.js";

interface RunningBrowser {
  readonly page: Page;
  kill(): Promise<void>;
}

/** Starts a browser that can be killed like any process, on the profile in `profile`. */
async function startBrowser(profile: string, server: TestServer): Promise<RunningBrowser> {
  const found = await findChromium();
  if (found === undefined) throw new Error("no Chromium was found");
  const { executablePath, chromiumSandbox } = launchOptions(found);
  const options = ["--headless=new", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "--no-first-run", ...(chromiumSandbox ? [] : ["--no-sandbox"]), "about:blank"];
  const running = spawn(executablePath, options, { stdio: ["ignore", "ignore", "pipe"] });
  const browser = await chromium.connectOverCDP(await debuggerAddress(running));
  const page = browser.contexts()[0]?.pages()[0] ?? (await browser.newPage());
  await page.goto(server.url("pages/blank.html"));
  return {
    page,
    kill: async () => {
      const ended = once(running, "exit");
      running.kill("SIGKILL");
      await ended;
      await browser.close().catch(() => undefined);
    },
  };
}

async function debuggerAddress(running: ChildProcess): Promise<string> {
  let text = "";
  for await (const part of running.stderr ?? []) {
    text += String(part);
    const address = /ws:\/\/\S+/.exec(text)?.[0];
    if (address !== undefined) return address;
  }
  throw new Error(`the browser did not start: ${text}`);
}

test("a browser killed at random moments of a load, and of storing its code, leaves a profile that works", async ({ server }) => {
  const random = seededRandom(5);
  const profile = await mkdtemp(join(tmpdir(), "portcullis-profile-"));
  try {
    for (let round = 0; round < 8; round += 1) {
      const struck = await startBrowser(profile, server);
      const what = `round ${round}`;
      const plugins = new PluginPage(struck.page, server);
      // Some die while they load, some while they store what they loaded.
      const load = plugins.loadPackaged("small-c").catch(() => undefined);
      if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, random() * 400));
      else await load;
      await struck.kill();
      await load;

      const next = await startBrowser(profile, server);
      const after = new PluginPage(next.page, server);
      const loaded = await after.loadPackaged("small-c");
      expect(loaded.error, what).toBeUndefined();
      await expectAnswers(after, "small-c");
      const cache = new CachePage(after);
      await cache.stored(1);
      expect((await after.loadPackaged("small-c", { name: "warm" })).report?.cache, what).toEqual({ hit: true });
      expect((await after.events()).filter(({ kind }) => kind === "cache-not-stored"), what).toEqual([]);
      await cache.forget();
      await next.kill();
    }
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});
