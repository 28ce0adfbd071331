/** Darkroom's permissions: what filters ask for, what the person decides, and what is taken away from them while they run. */
import { dropFile, pictureIn, waitForPreview } from "./support/darkroom-page.js";
import {
  changedPixels, choose, closePermissions, DATE_STAMP, decide, FILM_GRAIN, gain, LETTERING, openPermissions, packUpdate, permission, reload, requestsIn, setPalette,
} from "./support/darkroom-permissions.js";
import { expect, test } from "./support/darkroom-test.js";

// One server for the whole file: its tests are run in order by one worker.
test.describe.configure({ mode: "default" });

const CACHE = ".cache/demo-permissions";
const PALETTE = "darkroom.palette";

test.use({ cache: CACHE });
test("choosing a filter asks for what it needs, in plain words and with its reasons, and nothing is allowed beforehand", async ({ page }, testInfo) => {
  await page.locator(`[data-filter="${DATE_STAMP}"]`).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("A plugin asks for 2 permissions");
  await expect(dialog).toContainText("Signed by Darkroom’s publisher");
  const requests = await requestsIn(page, 2);
  const [clock, letters] = [requests.nth(0), requests.nth(1)];
  await expect(clock).toContainText("Read the current time");
  await expect(clock).toContainText("To know today’s date.");
  await expect(clock).toContainText("Required");
  await expect(letters).toContainText("Have Darkroom draw a line of text");
  await expect(letters).toContainText(LETTERING);
  await expect(letters).toContainText("since a filter has no fonts");
  for (const request of [clock, letters]) await expect(request.getByRole("radio", { name: "Don’t allow" })).toBeChecked();
  await expect(dialog.getByRole("button", { name: "Allow selected" })).toBeDisabled();
  await page.screenshot({ path: testInfo.outputPath("asking.png") });
});

test("a filter that is allowed what it needs changes the picture where it should", async ({ page }, testInfo) => {
  const before = await pictureIn(page, "#after");
  await choose(page, DATE_STAMP, 2);
  await waitForPreview(page);
  const after = await pictureIn(page, "#after");
  const changed = changedPixels(before, after);
  expect(changed.length).toBeGreaterThan(2000);
  for (const { x, y } of changed) {
    if (x < before.width / 2 || y < before.height * 0.75) expect({ x, y }, "a changed pixel far from the corner").toBeUndefined();
  }
  const warmer = changed.filter(({ offset }) => gain(before, after, offset, 0) > gain(before, after, offset, 2));
  expect(warmer.length).toBeGreaterThan(changed.length * 0.9);
  await page.screenshot({ path: testInfo.outputPath("stamped.png") });
});

test("a filter that is denied what it requires is not started, says so kindly, and can ask again", async ({ page }, testInfo) => {
  await page.locator(`[data-filter="${DATE_STAMP}"]`).click();
  await page.getByRole("dialog").getByRole("button", { name: "Deny all" }).click();
  const card = page.locator(".denial-card");
  await expect(card).toContainText("Date stamp was not started");
  await expect(card).toContainText("Have Darkroom draw a line of text");
  expect(changedPixels(await pictureIn(page, "#before"), await pictureIn(page, "#after"))).toEqual([]);
  await page.screenshot({ path: testInfo.outputPath("denied.png") });
  await card.getByRole("button", { name: "Ask again" }).click();
  await decide(page, 2);
  await waitForPreview(page);
});

test("what was allowed always is not asked again after a reload; what was allowed once is", async ({ page }) => {
  await choose(page, DATE_STAMP, 2, "Always");
  await waitForPreview(page);
  await choose(page, FILM_GRAIN, 1);
  await waitForPreview(page);
  await reload(page);
  await page.locator(`[data-filter="${DATE_STAMP}"]`).click();
  await waitForPreview(page);
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await openPermissions(page);
  const row = permission(page, DATE_STAMP, LETTERING);
  await expect(row).toContainText("Allowed");
  await expect(row).toContainText("Always");
  await expect(page.locator("#activity-list")).toContainText("may, as you decided earlier: have Darkroom draw a line of text");
  await closePermissions(page);
  await choose(page, FILM_GRAIN, 1);
  await waitForPreview(page);
});

test("what was refused for ever is not asked again, until the person wants it", async ({ page }) => {
  await page.locator(`[data-filter="${FILM_GRAIN}"]`).click();
  const request = await requestsIn(page, 1);
  await request.getByRole("checkbox", { name: "Never ask again" }).check();
  await page.getByRole("dialog").getByRole("button", { name: "Deny all" }).click();
  await expect(page.locator(".denial-card")).toContainText("Film grain was not started");
  await reload(page);
  await page.locator(`[data-filter="${FILM_GRAIN}"]`).click();
  await expect(page.locator(".denial-card")).toContainText("Film grain was not started");
  await openPermissions(page);
  await expect(permission(page, FILM_GRAIN, "random")).toContainText("Never ask again");
  await closePermissions(page);
  await page.locator(".denial-card").getByRole("button", { name: "Ask again" }).click();
  await decide(page, 1);
  await waitForPreview(page);
});

test("a function of the page that is taken away while the filter runs is refused at its next run, and can be given back", async ({ page }, testInfo) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await choose(page, DATE_STAMP, 2, "Always");
  await waitForPreview(page);
  await openPermissions(page);
  await page.screenshot({ path: testInfo.outputPath("panel.png") });
  await permission(page, DATE_STAMP, LETTERING).getByRole("button", { name: "Revoke" }).click();
  await expect(permission(page, DATE_STAMP, LETTERING)).toContainText("Taken away");
  await expect(permission(page, DATE_STAMP, "clocks")).toContainText("Allowed");
  await page.locator('[data-parameter="size"]').fill("0.1");
  const card = page.locator(".denial-card");
  await expect(card).toContainText("Date stamp needs what you took away");
  await expect(card.getByRole("listitem")).toHaveText(["Have Darkroom draw a line of text"]);
  expect(changedPixels(await pictureIn(page, "#before"), await pictureIn(page, "#after"))).toEqual([]);
  const activity = page.locator("#activity-list");
  await expect(activity).toContainText("Date stamp lost a permission that you took away: have Darkroom draw a line of text");
  await expect(activity).toContainText("Date stamp was refused, since it may not: have Darkroom draw a line of text");
  await page.screenshot({ path: testInfo.outputPath("revoked.png") });
  await card.getByRole("button", { name: "Ask again" }).click();
  // Only for what was taken away: the clock was allowed always.
  await expect(page.getByRole("dialog")).toContainText("A plugin asks for a permission");
  await decide(page, 1);
  await waitForPreview(page);
  await expect(permission(page, DATE_STAMP, LETTERING)).toContainText("Allowed");
});

test("what a filter has in its worker is taken away while it runs, too", async ({ page }) => {
  await choose(page, FILM_GRAIN, 1);
  await waitForPreview(page);
  await openPermissions(page);
  await permission(page, FILM_GRAIN, "random").getByRole("button", { name: "Revoke" }).click();
  await expect(permission(page, FILM_GRAIN, "random")).toContainText("Taken away");
  await closePermissions(page);
  await page.locator('[data-parameter="amount"]').fill("0.9");
  await expect(page.locator(".denial-card")).toContainText("Film grain needs what you took away");
});

test("film grain is different each time", async ({ page }) => {
  await choose(page, FILM_GRAIN, 1);
  await waitForPreview(page);
  const first = await pictureIn(page, "#after");
  await page.locator('[data-parameter="amount"]').fill("0.44");
  await expect.poll(async () => changedPixels(first, await pictureIn(page, "#after")).length).toBeGreaterThan(first.width * first.height * 0.5);
});

test("a filter fetches from the one place that it was allowed, and stops when that is taken away", async ({ page, darkroom }, testInfo) => {
  const fetched: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/palettes/")) fetched.push(`${request.method()} ${request.url()}`);
  });
  await choose(page, PALETTE, 3);
  await waitForPreview(page);
  await expect.poll(() => fetched).toEqual([`GET ${darkroom.address}palettes/1.json`]);
  const { pixels } = await pictureIn(page, "#after");
  const colours = new Set(Array.from({ length: pixels.length / 4 }, (_, pixel) => pixels.subarray(pixel * 4, pixel * 4 + 3).join()));
  expect(colours.size).toBeLessThanOrEqual(7);
  await page.screenshot({ path: testInfo.outputPath("palette.png") });
  await openPermissions(page);
  await expect(page.locator("#activity-list")).toContainText("Palette sent a request");
  await expect(page.locator("#activity-list")).toContainText(`GET ${darkroom.address}palettes/1.json`);
  await permission(page, PALETTE, `http:GET:${darkroom.address}palettes/`).getByRole("button", { name: "Revoke" }).click();
  await expect(permission(page, PALETTE, `http:GET:${darkroom.address}palettes/`)).toContainText("Taken away");
  await closePermissions(page);
  await page.locator('[data-parameter="palette"]').fill("2");
  await expect(page.locator(".denial-card")).toContainText("Palette needs what you took away");
  expect(fetched).toHaveLength(1);
});

test("a filter works without what is optional, and remembers where it is allowed", async ({ page }) => {
  await choose(page, PALETTE, 3, "Always", [2]);
  await waitForPreview(page);
  await setPalette(page, "5");
  await reload(page);
  await page.locator(`[data-filter="${PALETTE}"]`).click();
  // Of the three it asks for the one again that was only denied for then.
  const memory = await requestsIn(page, 1);
  await expect(memory).toContainText("Keep data of its own, up to 64 KiB");
  await expect(memory).toContainText("Optional");
  await decide(page, 1, "Always");
  await waitForPreview(page);
  await expect(page.locator('[data-parameter="palette"]')).toHaveValue("1");
  await setPalette(page, "5");
  await reload(page);
  await page.locator(`[data-filter="${PALETTE}"]`).click();
  await waitForPreview(page);
  await expect(page.locator('[data-parameter="palette"]')).toHaveValue("5");
});

test("an update that asks for more is asked about only that", async ({ page }) => {
  await choose(page, PALETTE, 3, "Always");
  await waitForPreview(page);
  await dropFile(page, "palette.tar.gz", await packUpdate(CACHE));
  const more = await requestsIn(page, 1);
  await expect(page.getByRole("dialog")).toContainText("Version 1.1.0");
  await expect(more).toContainText("Keep data of its own, up to 128 KiB");
  await expect(more).toContainText("Allowed before, and asked for more now: keyvalue:65536");
  await page.getByRole("dialog").getByRole("button", { name: "Deny all" }).click();
  await waitForPreview(page);
});
