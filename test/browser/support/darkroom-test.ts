/** The `test` of the demo's specs: each test visits the demo's page, which must end without errors. */
import { expect, test as base } from "@playwright/test";
import { BRIDGE_FILTERS, FILTERS } from "./darkroom-permissions.js";
import { type DarkroomServer, startDarkroom } from "./darkroom-server.js";

export { expect };

export interface DarkroomOptions {
  /** Where a spec file's server keeps what it makes. No two files share one: they run beside each other. */
  readonly cache: string;
  /** What the server does without. Filters of the bridge have a spec file of their own, and the others need none. */
  readonly without: string;
}

/** Cargo may have to fetch and compile what a filter uses. */
const START_MILLISECONDS = 900_000;

export const test = base.extend<{ readonly visit: void }, DarkroomOptions & { readonly darkroom: DarkroomServer }>({
  cache: ["", { scope: "worker", option: true }],
  without: ["python,native", { scope: "worker", option: true }],
  darkroom: [
    async ({ cache, without }, use) => {
      if (cache === "") throw new Error("Cannot start the demo: the spec file names no cache of its own");
      const server = await startDarkroom({ cache, without });
      await use(server);
      await server.stop();
    },
    { scope: "worker", timeout: START_MILLISECONDS },
  ],
  visit: [
    async ({ page, darkroom }, use) => {
      const pageErrors: string[] = [];
      page.on("pageerror", (error) => pageErrors.push(String(error.stack ?? error)));
      page.on("console", (message) => {
        if (message.type() === "error") pageErrors.push(message.text());
      });
      await page.goto(darkroom.address);
      await expect(page.locator("[data-filter]")).toHaveCount(FILTERS + BRIDGE_FILTERS - darkroom.absent.size);
      await use();
      // Breaches of the content policy are among them.
      expect(pageErrors, "errors that the page reported").toEqual([]);
    },
    { auto: true },
  ],
});
