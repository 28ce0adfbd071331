/** The permission dialog: what becomes of what a person chooses. */
import type { Locator } from "@playwright/test";
import { expect, test } from "../support/browser-test.js";
import { blur, clocks, opened, PAGE_OF_STRICT_APP, photos, shapes, signed, stranger, unsigned } from "./support/permission-page.js";

test.use({ pagePath: PAGE_OF_STRICT_APP });
test.describe("what is chosen", () => {
  test("nothing, before the person chooses", async ({ page, server }) => {
    const permissions = await opened(page, server);
    await permissions.askAndWait(photos, shapes);
    for (const { description } of [photos, shapes]) await expect(permissions.request(description).getByLabel("Don’t allow")).toBeChecked();
    await expect(permissions.allowSelected).toBeDisabled();
    await expect(permissions.dialog.getByRole("status")).toHaveText("Nothing is allowed yet.");
    await permissions.denyAll.click();
    await permissions.expectAnswers("deny", "deny");
  });

  test("some, each for its own time", async ({ page, server }) => {
    const permissions = await opened(page, server);
    const random = { ...stranger, plugin: blur, trust: signed };
    await permissions.askAndWait(photos, shapes, clocks, random);
    for (const [{ description }, time] of [[photos, "Always"], [shapes, "Until this page is closed"], [clocks, undefined]] as const) {
      const request = permissions.request(description);
      await request.getByLabel("Allow", { exact: true }).check();
      await expect(request.getByLabel("Never ask again")).toBeHidden();
      if (time !== undefined) await request.getByLabel("For how long").selectOption(time);
    }
    await permissions.request(random.description).getByLabel("Never ask again").check();
    await expect(permissions.dialog.getByRole("status")).toHaveText("");
    await permissions.allowSelected.click();
    await permissions.expectAnswers("always", "session", "once", "never");
    await expect(page.locator("portcullis-permission-dialog")).toHaveCount(0);
  });

  test("what is changed back is refused, and a required refusal is told of", async ({ page, server }) => {
    const permissions = await opened(page, server);
    await permissions.askAndWait(photos, shapes);
    await permissions.request(photos.description).getByLabel("Allow", { exact: true }).check();
    await permissions.request(photos.description).getByLabel("For how long").selectOption("Always");
    await permissions.request(shapes.description).getByLabel("Allow", { exact: true }).check();
    await permissions.request(photos.description).getByLabel("Don’t allow").check();
    await expect(permissions.dialog.getByRole("status")).toHaveText(/will not start/);
    await permissions.allowSelected.click();
    await permissions.expectAnswers("deny", "once");
  });

  test("everything is denied, and never asked again where that was wanted", async ({ page, server }) => {
    const permissions = await opened(page, server);
    await permissions.askAndWait(photos, shapes, clocks);
    await permissions.request(photos.description).getByLabel("Never ask again").check();
    await permissions.request(shapes.description).getByLabel("Allow", { exact: true }).check();
    await permissions.denyAll.click();
    await permissions.expectAnswers("never", "deny", "deny");
  });

  test("with the keyboard alone; focus stays inside, and returns to where it was", async ({ page, server }) => {
    await page.evaluate(() => {
      const button = document.createElement("button");
      button.textContent = "Load";
      document.body.append(button);
      button.focus();
    });
    const permissions = await opened(page, server);
    await permissions.askAndWait(photos);
    const focused = () => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.tagName ?? document.activeElement?.tagName);
    expect(await focused()).toBe("DIALOG");
    // What is behind it can be neither reached nor clicked.
    expect(await permissions.dialog.evaluate((element) => element.matches(":modal"))).toBe(true);
    const tabTo = async (wanted: Locator): Promise<void> => {
      const isFocused = () => wanted.evaluate((element) => element.matches(":focus"));
      for (let step = 0; step < 10 && !(await isFocused()); step += 1) await page.keyboard.press("Tab");
      expect(await isFocused()).toBe(true);
    };
    const seen = new Set<string | undefined>();
    for (let step = 0; step < 20; step += 1) {
      await page.keyboard.press("Tab");
      seen.add(await focused());
    }
    expect(seen).toContain("INPUT");
    expect(await page.evaluate(() => document.activeElement?.textContent)).not.toBe("Load");
    await permissions.request(photos.description).getByLabel("Don’t allow").focus();
    await page.keyboard.press("ArrowRight");
    await expect(permissions.request(photos.description).getByLabel("Allow", { exact: true })).toBeChecked();
    await tabTo(permissions.request(photos.description).getByLabel("For how long"));
    await page.keyboard.press("u");
    await tabTo(permissions.allowSelected);
    // The way there led through the browser's own controls, and coming back from there counts as coming back.
    await expect(permissions.allowSelected).toBeEnabled();
    await page.keyboard.press("Enter");
    await permissions.expectAnswers("session");
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe("Load");
  });

  test("Escape denies for this time only", async ({ page, server }) => {
    const permissions = await opened(page, server);
    await permissions.askAndWait(photos, shapes);
    await permissions.request(photos.description).getByLabel("Never ask again").check();
    await permissions.request(shapes.description).getByLabel("Allow", { exact: true }).check();
    await page.keyboard.press("Escape");
    await permissions.expectAnswers("deny", "deny");
  });
});

test.describe("what decides nothing", () => {
  test("a click or key that was meant for what was there before", async ({ page, server }) => {
    const permissions = await opened(page, server);
    await page.clock.install({ time: 0 });
    await page.clock.pauseAt(1_000);
    await permissions.ask(photos);
    await page.clock.runFor(1);
    await permissions.request(photos.description).getByLabel("Allow", { exact: true }).check();
    for (const button of [permissions.allowSelected, permissions.denyAll]) {
      await expect(button).toBeDisabled();
      await button.click({ force: true });
    }
    for (const key of ["Enter", "Space"]) await page.keyboard.press(key);
    await page.clock.runFor(498);
    await expect(permissions.allowSelected).toBeDisabled();
    await page.clock.runFor(1);
    await expect(permissions.allowSelected).toBeEnabled();
    // The person was elsewhere and comes back with a click.
    await page.evaluate(() => window.dispatchEvent(new Event("focus")));
    await expect(permissions.allowSelected).toBeDisabled();
    await permissions.allowSelected.click({ force: true });
    await permissions.expectAnswers(null);
    await page.clock.runFor(500);
    await permissions.allowSelected.click();
    await permissions.expectAnswers("once");
  });

  test("a click beside the dialog", async ({ page, server }) => {
    const permissions = await opened(page, server);
    await permissions.askAndWait(photos);
    await page.mouse.click(3, 3);
    await expect(permissions.dialog).toBeVisible();
    await permissions.expectAnswers(null);
  });
});

test.describe("turns", () => {
  test("plugins are asked for one after the other", async ({ page, server }) => {
    const permissions = await opened(page, server);
    await permissions.ask(photos, stranger, shapes);
    await expect(permissions.denyAll).toBeEnabled();
    await expect(permissions.dialog.getByRole("group")).toHaveCount(2);
    await permissions.request(photos.description).getByLabel("Allow", { exact: true }).check();
    await permissions.allowSelected.click();
    await expect(permissions.dialog.locator(".unsigned")).toBeVisible();
    await expect(permissions.dialog).toHaveCount(1);
    await permissions.denyAll.click();
    await permissions.expectAnswers("once", "deny", "deny");
  });

  test("the same id from another publisher is another plugin", async ({ page, server }) => {
    const permissions = await opened(page, server);
    await permissions.askAndWait(photos, { ...shapes, trust: unsigned });
    await expect(permissions.dialog.getByRole("group")).toHaveCount(1);
  });

  test("what nobody waits for any more goes: one request, a whole dialog, and one that has not been shown", async ({ page, server }) => {
    const permissions = await opened(page, server);
    const [first = -1, second = -1, third = -1] = await permissions.ask(photos, shapes, stranger);
    await expect(permissions.denyAll).toBeEnabled();
    await permissions.request(photos.description).getByLabel("Allow", { exact: true }).check();
    await permissions.abort(first);
    await expect(permissions.request(photos.description)).toBeHidden();
    await expect(permissions.request(shapes.description)).toBeVisible();
    await expect(permissions.allowSelected).toBeDisabled();
    await permissions.abort(third);
    await permissions.abort(second);
    await permissions.expectAnswers("deny", "deny", "deny");
    await expect(permissions.dialog).toHaveCount(0);
    await permissions.askAndWait(clocks);
    await permissions.denyAll.click();
    await permissions.expectAnswers("deny", "deny", "deny", "deny");
  });

  test("a dialog that the page takes away is a refusal, and does not hold up the next", async ({ page, server }) => {
    const permissions = await opened(page, server);
    await permissions.ask(photos, stranger);
    await expect(permissions.denyAll).toBeEnabled();
    await page.evaluate(() => document.querySelector("portcullis-permission-dialog")?.remove());
    await expect(permissions.dialog.locator(".unsigned")).toBeVisible();
    await permissions.expectAnswers("deny", null);
  });
});
