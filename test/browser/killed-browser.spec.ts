/** A browser that dies in the middle of a load, and the next one with the same profile on disk. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "../support/browser-test.js";
import { CachePage } from "../support/cache-page.js";
import { PluginPage } from "../support/plugin-page.js";
import { seededRandom } from "../support/random.js";
import { startBrowser } from "../support/running-browser.js";
import { expectAnswers } from "../support/small-plugin.js";

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
