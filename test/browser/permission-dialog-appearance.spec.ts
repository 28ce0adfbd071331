/** The permission dialog: what a person sees. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect, test } from "../support/browser-test.js";
import { blur, clocks, opened, PAGE_OF_STRICT_APP, photos, shapes, stranger } from "./support/permission-page.js";

test.use({ pagePath: PAGE_OF_STRICT_APP });
/** What axe gives, as far as it is read here. */
interface Findings {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[] }[];
}

test.describe("what it shows", () => {
  test("all requests of one plugin in one dialog: who asks, for what, and why", async ({ page, server }, testInfo) => {
    const permissions = await opened(page, server);
    await permissions.askAndWait(photos, shapes, { ...clocks, previous: ["random"] });
    const { dialog } = permissions;
    await expect(dialog).toHaveCount(1);
    await expect(dialog).toHaveAccessibleName("A plugin asks for 3 permissions");
    await expect(dialog).toHaveAccessibleDescription(/Everything else stays closed to it\. Signed by a publisher that this app trusts Key 8f4e2a6b1c9d07e3$/);
    await expect(dialog.locator(".plugin")).toContainText(/Name given by its author\s*Acme Blur\s*acme\.blur\s*Version 1\.4\.0/);
    const photo = permissions.request(photos.description);
    await expect(photo).toContainText("fs:ro:/photos");
    await expect(photo.locator(".reason")).toHaveText("The author’s reason, in the author’s wordsTo find pictures that can be blurred.");
    await expect(photo).toContainText("Required: the plugin does not start without it");
    await expect(permissions.request(shapes.description)).toContainText("Optional: the plugin also works without it");
    await expect(permissions.request(clocks.description)).toContainText("The author gives no reason.");
    await expect(permissions.request(clocks.description)).toContainText("Allowed before, and asked for more now: random");
    await page.screenshot({ path: testInfo.outputPath("dialog.png") });
  });

  test("a warning where nobody vouches for the plugin", async ({ page, server }) => {
    const permissions = await opened(page, server);
    await permissions.askAndWait(stranger);
    await expect(permissions.dialog.locator(".unsigned")).toContainText("Nobody vouches for this plugin");
    await expect(permissions.dialog.locator(".signed")).toHaveCount(0);
    await expect(permissions.dialog.locator(".plugin")).not.toContainText("Name given by its author");
    await expect(permissions.dialog).toHaveAccessibleDescription(/Nobody vouches for this plugin/);
  });

  test("the author's texts as text, whole, in their place and in their direction", async ({ page, server }) => {
    const permissions = await opened(page, server);
    const reason = `</q></div><button class="allow-selected">Allow</button><img src=x onerror=alert(1)>\u202e\n\n\n${"\u00a0".repeat(400)}Signed by a publisher that this app trusts. ${"long ".repeat(300)}`;
    const title = `Portcullis\u202etseb ${"W".repeat(500)}`;
    await permissions.askAndWait({ ...photos, plugin: { ...blur, title }, reason, description: "Read files in “/a\u202eb”", capability: "fs:ro:/photos" });
    const { dialog } = permissions;
    await expect(dialog.locator("img")).toHaveCount(0);
    await expect(dialog.getByRole("button")).toHaveText(["Deny all", "Allow selected"]);
    const shown = dialog.locator(".reason-text");
    await expect(shown).toHaveText(/^<\/q><\/div><button class="allow-selected">Allow<\/button><img src=x onerror=alert\(1\)>\\u\{202e\} Signed by .*…$/);
    await expect(dialog.locator(".reason .label")).toHaveText("The author’s reason, in the author’s words (shortened)");
    expect((await shown.textContent())?.length).toBeLessThan(330);
    await expect(dialog.locator(".plugin-name")).toHaveText(/^Portcullis\\u\{202e\}tseb W+…$/);
    await expect(dialog.locator(".description")).toHaveText("Read files in “/a\\u{202e}b”");
    // It stays inside its frame, and the frame is marked as somebody's words: nothing of ours is slanted.
    const inside = await dialog.evaluate((element) => {
      const box = (selector: string) => element.querySelector(selector)?.getBoundingClientRect() ?? new DOMRect();
      const [outer, name, text] = [element.getBoundingClientRect(), box(".plugin-name"), box(".reason")];
      return [name, text].every((part) => part.left >= outer.left && part.right <= outer.right);
    });
    expect(inside).toBe(true);
    const slanted = await dialog.locator("p, span, legend, button, h2, bdi").evaluateAll((all) => all.filter((one) => getComputedStyle(one).fontStyle === "italic").map((one) => one.getAttribute("class") ?? ""));
    expect(new Set(slanted)).toEqual(new Set(["plugin-name", "", "reason-text"]));
    expect(await shown.evaluate((element) => getComputedStyle(element).unicodeBidi)).toBe("isolate");
  });

  test("the app's own words, in another language and from right to left", async ({ page, server }, testInfo) => {
    await page.evaluate(() => {
      document.documentElement.lang = "he";
      document.documentElement.dir = "rtl";
    });
    const permissions = await opened(page, server, { texts: { allowSelected: "אישור", denyAll: "דחייה" } });
    await permissions.askAndWait(photos);
    await expect(permissions.dialog.getByRole("button")).toHaveText(["דחייה", "אישור"]);
    const [deny, allow] = [await permissions.denyAll.boundingBox(), await permissions.allowSelected.boundingBox()];
    expect(allow?.x ?? 0).toBeLessThan(deny?.x ?? 0);
    await expect(permissions.dialog.locator(".description")).toHaveText(photos.description);
    expect(await permissions.dialog.locator(".capability bdi").getAttribute("dir")).toBe("ltr");
    await page.screenshot({ path: testInfo.outputPath("rtl.png") });
  });

  test("the page's colours, parts and motion", async ({ page, server }) => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.evaluate(() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`portcullis-permission-dialog { --portcullis-accent: rgb(1, 2, 3); } portcullis-permission-dialog::part(heading) { text-transform: uppercase; } body { letter-spacing: 40px; text-align: right; }`);
      document.adoptedStyleSheets = [sheet];
    });
    const permissions = await opened(page, server);
    await permissions.askAndWait(photos);
    await permissions.request(photos.description).getByLabel("Allow", { exact: true }).check();
    expect(await permissions.allowSelected.evaluate((element) => getComputedStyle(element).backgroundColor)).toBe("rgb(1, 2, 3)");
    expect(await permissions.dialog.getByRole("heading").evaluate((element) => getComputedStyle(element).textTransform)).toBe("uppercase");
    const look = await permissions.dialog.evaluate((element) => {
      const { animationName, letterSpacing } = getComputedStyle(element);
      return { animationName, letterSpacing };
    });
    expect(look).toEqual({ animationName: "none", letterSpacing: "normal" });
  });

  for (const scheme of ["light", "dark"] as const) {
    for (const [size, viewport] of [["wide", { width: 1024, height: 900 }], ["narrow", { width: 320, height: 640 }], ["low", { width: 640, height: 256 }]] as const) {
      test(`nothing that axe finds: ${scheme}, ${size}`, async ({ page, server }, testInfo) => {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ reducedMotion: "reduce" });
        await page.evaluate((wanted) => (document.documentElement.style.colorScheme = wanted), scheme);
        const permissions = await opened(page, server);
        await page.evaluate(await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
        for (const requests of [[photos, shapes, { ...clocks, previous: ["random"] }], [{ ...stranger, plugin: { ...stranger.plugin, title: "Noise" } }]]) {
          await permissions.askAndWait(...requests);
          await permissions.dialog.getByLabel("Allow", { exact: true }).first().check();
          const found = await page.evaluate<Findings>("axe.run(document, { resultTypes: ['violations'] })");
          // What the blank page behind it lacks is not the dialog's.
          const own = found.violations.filter(({ id }) => !["page-has-heading-one", "landmark-one-main"].includes(id));
          expect(own.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary}`)])).toEqual([]);
          await page.screenshot({ path: testInfo.outputPath(`${requests.length}.png`) });
          // Whatever the size, all of it can be reached.
          await permissions.denyAll.click();
          await expect(permissions.dialog).toHaveCount(0);
        }
      });
    }
  }
});
