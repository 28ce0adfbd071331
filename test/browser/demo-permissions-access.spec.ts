/** Darkroom's permissions for people who use a keyboard, a phone or a screen reader. */
import { waitForPreview } from "./support/darkroom-page.js";
import { DATE_STAMP, decide, FILM_GRAIN, LETTERING, openPermissions, permission, requestsIn, settledColours, violations } from "./support/darkroom-permissions.js";
import { expect, test } from "./support/darkroom-test.js";

// One server for the whole file: its tests are run in order by one worker.
test.describe.configure({ mode: "default" });
test.use({ cache: ".cache/demo-permissions-access" });
test("everything can be done by keyboard, and the panel gives the focus back", async ({ page }) => {
  await page.locator(`[data-filter="${FILM_GRAIN}"]`).focus();
  await page.keyboard.press("Enter");
  const request = await requestsIn(page, 1);
  await request.getByRole("radio", { name: "Don’t allow" }).focus();
  await page.keyboard.press("ArrowRight");
  const allow = page.getByRole("dialog").getByRole("button", { name: "Allow selected" });
  await expect(allow).toBeEnabled();
  await allow.focus();
  await page.keyboard.press("Enter");
  await waitForPreview(page);
  const toggle = page.getByRole("button", { name: "Permissions", exact: true });
  await toggle.focus();
  await page.keyboard.press("Enter");
  await expect(toggle).toHaveAttribute("aria-expanded", "true");
  await expect(page.getByRole("button", { name: "Close permissions" })).toBeFocused();
  await permission(page, FILM_GRAIN, "random").getByRole("button").focus();
  await page.keyboard.press("Enter");
  await expect(permission(page, FILM_GRAIN, "random").getByRole("button", { name: "Ask again" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(toggle).toBeFocused();
  await expect(page.locator("#permissions")).toBeHidden();
});

test("dialog and panel fit a phone", async ({ page }, testInfo) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator(`[data-filter="${DATE_STAMP}"]`).click();
  await requestsIn(page, 2);
  await page.screenshot({ path: testInfo.outputPath("phone-dialog.png") });
  await decide(page, 2);
  await waitForPreview(page);
  await openPermissions(page);
  await page.screenshot({ path: testInfo.outputPath("phone-panel.png") });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds no violation in ${colorScheme} colours: at rest, while asking, denied, and in the panel`, async ({ page }, testInfo) => {
    await page.emulateMedia({ colorScheme });
    await settledColours(page);
    expect(await violations(page), "at rest").toEqual([]);
    await page.locator(`[data-filter="${DATE_STAMP}"]`).click();
    const requests = await requestsIn(page, 2);
    await expect(page.getByRole("dialog").getByRole("button", { name: "Deny all" })).toBeEnabled();
    await settledColours(page);
    expect(await violations(page), "asking").toEqual([]);
    await requests.first().getByRole("radio", { name: "Allow", exact: true }).check();
    await page.screenshot({ path: testInfo.outputPath(`asking-${colorScheme}.png`) });
    await page.getByRole("dialog").getByRole("button", { name: "Deny all" }).click();
    await expect(page.locator(".denial-card")).toBeVisible();
    await settledColours(page);
    expect(await violations(page), "denied").toEqual([]);
    await page.screenshot({ path: testInfo.outputPath(`denied-${colorScheme}.png`) });
    await page.locator(".denial-card").getByRole("button", { name: "Ask again" }).click();
    await decide(page, 2, "Always");
    await waitForPreview(page);
    await openPermissions(page);
    await permission(page, DATE_STAMP, LETTERING).getByRole("button", { name: "Revoke" }).click();
    await page.locator('[data-parameter="size"]').fill("0.1");
    await expect(page.locator(".denial-card")).toContainText("needs what you took away");
    await settledColours(page);
    expect(await violations(page), "panel").toEqual([]);
    await page.screenshot({ path: testInfo.outputPath(`panel-${colorScheme}.png`) });
  });
}
