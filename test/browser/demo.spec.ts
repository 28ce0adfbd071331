/** Darkroom as `npm run demo` serves it: the built page under its strict policy, with packed and signed filters. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { PUBLIC, ROOT } from "../../demo/command/paths.mjs";
import { tamper } from "../../demo/command/samples.mjs";
import { GENERATED_TYPES, generateTypes } from "../../demo/command/types.mjs";
import { applyFilter, dropFile, linearLight, openLargePicture, pictureIn, sharpness, waitForPreview } from "./support/darkroom-page.js";
import { FILTERS } from "./support/darkroom-permissions.js";
import { expect, test } from "./support/darkroom-test.js";

// One server for the whole file: it writes to one folder, and its tests are run in order by one worker.
test.describe.configure({ mode: "default" });

test.use({ cache: ".cache/demo" });

test("the filter in C softens the picture and keeps its brightness", async ({ page }, testInfo) => {
  const before = await pictureIn(page, "#after");
  await applyFilter(page, "darkroom.blur", { radius: 6 });
  const after = await pictureIn(page, "#after");
  const [sharpBefore, sharpAfter] = [sharpness(before), sharpness(after)];
  expect(sharpAfter.edges).toBeLessThan(sharpBefore.edges * 0.4);
  expect(Math.abs(sharpAfter.brightness - sharpBefore.brightness)).toBeLessThan(sharpBefore.brightness * 0.03);
  await expect(page.locator("[data-fact=trust]")).toContainText("Signed by the trusted key");
  await page.screenshot({ path: testInfo.outputPath("blur.png") });
});

test("the filter in Rust doubles the light with one stop of exposure", async ({ page }, testInfo) => {
  const before = await pictureIn(page, "#after");
  await applyFilter(page, "darkroom.tone", { exposure: 1, contrast: 0, saturation: 1, temperature: 0, vignette: 0 });
  const after = await pictureIn(page, "#after");
  let compared = 0;
  let worst = 0;
  for (let offset = 0; offset < before.pixels.length; offset += 4 * 97) {
    const channels = [0, 1, 2].map((channel) => linearLight(before.pixels[offset + channel] ?? 0) * 2);
    // Brighter light meets the shoulder of the filter's curve.
    if (channels.some((light) => light > 0.75)) continue;
    for (const [channel, light] of channels.entries()) worst = Math.max(worst, Math.abs(linearLight(after.pixels[offset + channel] ?? 0) - light));
    compared += 1;
  }
  expect(worst).toBeLessThan(0.012);
  expect(compared).toBeGreaterThan(5000);
  await page.screenshot({ path: testInfo.outputPath("tone.png") });
});

test("the filter in JavaScript gives each grey one colour", async ({ page }, testInfo) => {
  const before = await pictureIn(page, "#after");
  await applyFilter(page, "darkroom.duotone", { strength: 1 });
  const after = await pictureIn(page, "#after");
  const colours = new Map<number, string>();
  for (let offset = 0; offset < before.pixels.length; offset += 4) {
    const [red = 0, green = 0, blue = 0] = before.pixels.subarray(offset, offset + 3);
    const grey = (red * 54 + green * 183 + blue * 19) >> 8;
    const colour = after.pixels.subarray(offset, offset + 3).join();
    if (colours.has(grey) && colours.get(grey) !== colour) expect(colour, `colour of grey ${grey}`).toBe(colours.get(grey));
    colours.set(grey, colour);
  }
  expect(new Set(colours.values()).size).toBeGreaterThan(100);
  await page.screenshot({ path: testInfo.outputPath("duotone.png") });
});

test("a second visit takes the compiled code from the cache and downloads nothing of the plugin", async ({ page }, testInfo) => {
  await page.locator('[data-filter="darkroom.duotone"]').click();
  await waitForPreview(page);
  await expect(page.locator("[data-fact=cache]")).toContainText("Miss");
  await expect(page.locator("[data-fact=code]")).toContainText("Shipped in the signed package");
  await page.reload();
  await expect(page.locator("[data-filter]")).toHaveCount(FILTERS);
  const requests: string[] = [];
  page.on("request", (request) => {
    // The sandbox's own worker is a data: URL.
    if (request.url().startsWith("http")) requests.push(new URL(request.url()).pathname);
  });
  await page.locator('[data-filter="darkroom.duotone"]').click();
  await waitForPreview(page);
  await expect(page.locator("[data-fact=cache]")).toContainText("Hit");
  await expect(page.locator("[data-fact=downloaded]")).toContainText("Nothing");
  // The page's own scripts for the sandbox come with the first plugin; of the plugin itself only what says what it is.
  expect(requests.filter((path) => !/\/(index|manifest)\.(json|sig)$|\/assets\/(sandboxes|parse-message|compile-modules|rolldown-runtime)-[\w-]+\.js$/.test(path))).toEqual([]);
  await page.screenshot({ path: testInfo.outputPath("cache-hit.png") });
});

test("a package that was changed after it was signed is refused, and cannot be trusted", async ({ page }, testInfo) => {
  await dropFile(page, "tone.tar.gz", tamper(await packedFilter("darkroom.tone")));
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("The plugin was changed after it was signed.");
  await expect(dialog).toContainText("digest-mismatch");
  await expect(dialog.getByRole("button")).toHaveText(["Close"]);
  await page.screenshot({ path: testInfo.outputPath("tampered.png") });
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect(page.locator("[data-filter]")).toHaveCount(FILTERS);
});

test("the same package unchanged is taken from a file", async ({ page }) => {
  await dropFile(page, "tone.tar.gz", await packedFilter("darkroom.tone"));
  await waitForPreview(page);
  await expect(page.locator("[data-filter]")).toHaveCount(FILTERS + 1);
  await expect(page.locator("[data-fact=trust]")).toContainText("Signed by the trusted key");
});

test("an unsigned component runs only after the person trusts that file", async ({ page }, testInfo) => {
  const component = await readFile(join(ROOT, "demo/plugins/halftone/component.wasm"));
  await dropFile(page, "My Dots.wasm", component);
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("signature-missing");
  await dialog.getByRole("button", { name: "Do not load" }).click();
  await expect(page.locator("[data-filter]")).toHaveCount(FILTERS);
  await dropFile(page, "My Dots.wasm", component);
  await dialog.getByRole("button", { name: "Trust this unsigned file" }).click();
  await waitForPreview(page);
  await expect(page.locator('[data-filter="local.my-dots"]')).toContainText("Halftone");
  await expect(page.locator("[data-fact=trust]")).toContainText("Unsigned");
  await expect(page.locator("[data-fact=code]")).toContainText("Transpiled here");
  await page.screenshot({ path: testInfo.outputPath("unsigned.png") });
});

test("the page offers a file for each kind of refusal", async ({ page }) => {
  for (const [label, code] of [["an unsigned filter", "signature-missing"], ["a tampered one", "digest-mismatch"]] as const) {
    await page.getByRole("button", { name: label }).click();
    await expect(page.getByRole("dialog").locator(".error-code")).toContainText(code);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  }
  await expect(page.locator("[data-filter]")).toHaveCount(FILTERS);
});

test("what is neither a package nor a component is refused", async ({ page }) => {
  await dropFile(page, "letter.wasm", new TextEncoder().encode("Dear plugin"));
  await expect(page.getByRole("dialog")).toContainText("was not loaded");
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
  await expect(page.locator("[data-filter]")).toHaveCount(FILTERS);
});

test("a running filter can be stopped, and runs again", async ({ page }) => {
  await openLargePicture(page);
  await page.locator('[data-filter="darkroom.duotone"]').click();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.locator(".run-status")).toContainText("Stopped");
  await expect(page.getByRole("log")).toContainText("its instance was ended (aborted)");
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await expect(page.locator(".run-status")).toContainText("Applied");
});

test("steps can be undone, redone and left by the keyboard, and the divide moved", async ({ page }) => {
  await applyFilter(page, "darkroom.blur", { radius: 20 });
  const steps = page.locator(".history-step");
  await expect(steps).toHaveText(["Original", "Blur"]);
  const divide = page.getByRole("slider", { name: "Compare before and after" });
  await divide.focus();
  await page.keyboard.press("ArrowRight");
  await expect(divide).toHaveAttribute("aria-valuenow", "52");
  await page.keyboard.press("Control+z");
  await expect(steps.first()).toHaveAttribute("aria-current", "step");
  expect(Buffer.compare((await pictureIn(page, "#after")).pixels, (await pictureIn(page, "#before")).pixels)).toBe(0);
  await page.keyboard.press("Control+Shift+Z");
  await expect(steps.last()).toHaveAttribute("aria-current", "step");
});

test("the picture is exported as a PNG", async ({ page }) => {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  expect((await download).suggestedFilename()).toBe("Lake at dusk-darkroom.png");
  const content = await readFile(await (await download).path());
  expect(content.subarray(1, 4).toString()).toBe("PNG");
});

test("the page fits a phone", async ({ page }, testInfo) => {
  await page.setViewportSize({ width: 420, height: 900 });
  await applyFilter(page, "darkroom.duotone", {});
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(420);
  await page.screenshot({ path: testInfo.outputPath("phone.png"), fullPage: true });
});

test("the page is sent with a policy that allows no other origin", async ({ request, darkroom }) => {
  const policy = (await request.get(darkroom.address)).headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
});

test("the page's types are what portcullis types writes for the filters' WIT", async () => {
  for (const generated of GENERATED_TYPES) expect(await readFile(generated.file, "utf8"), generated.file).toBe(await generateTypes(generated));
});

/** The packed file that lies beside each filter in the registry. */
async function packedFilter(id: string): Promise<Uint8Array> {
  const [registry = ""] = await readdir(join(PUBLIC, "plugins"));
  return readFile(join(PUBLIC, "plugins", registry, `${id}-1.0.0.tar.gz`));
}
