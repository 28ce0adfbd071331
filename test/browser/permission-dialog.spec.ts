/** The permission dialog: what a person sees, and what becomes of what they choose. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Locator, Page } from "@playwright/test";
import type { GrantDecision, GrantRequest } from "../../src/admission/decide-grants.js";
import type { AskWithDialogOptions } from "../../src/prompt.js";
import { expect, test, type TestServer } from "../support/browser-test.js";

// The policy of an embedding page that forbids inline styles, evaluation and everything of other origins.
test.use({ pagePath: `pages/blank.html?csp=${encodeURIComponent("default-src 'none'; script-src 'self'; img-src data:")}` });

const signed = { kind: "signed", publisher: "8f4e2a6b1c9d07e3", keyIds: ["8f4e2a6b1c9d07e3"] } as const;
const unsigned = { kind: "unsigned", reason: "a test's own" } as const;
const blur = { id: "acme.blur", version: "1.4.0", title: "Acme Blur" };

const photos = { plugin: blur, trust: signed, capability: "fs:ro:/photos", description: "Read files in the folder “/photos”", reason: "To find pictures that can be blurred.", optional: false };
const shapes = { plugin: blur, trust: signed, capability: "http:GET:https://api.acme.example/v1", description: "Send GET requests to https://api.acme.example, only under /v1", reason: "To download new shapes." };
const clocks = { plugin: blur, trust: signed, capability: "clocks", description: "Read the current time, measure durations and wait", reason: "" };
const stranger = { plugin: { id: "local.thing", version: "0.0.1", title: undefined }, trust: unsigned, capability: "random", description: "Draw random numbers", reason: "For noise." };

type Asked = Partial<GrantRequest>;

/** What axe gives, as far as it is read here. */
interface Findings {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[] }[];
}

/** The dialog in a page of the test server. */
class PermissionPage {
  readonly page: Page;
  readonly #server: TestServer;

  constructor(page: Page, server: TestServer) {
    this.page = page;
    this.#server = server;
  }

  get dialog() {
    return this.page.getByRole("dialog");
  }

  get allowSelected() {
    return this.dialog.locator(".allow-selected");
  }

  get denyAll() {
    return this.dialog.locator(".deny-all");
  }

  /** The part of one request. */
  request(description: string) {
    return this.dialog.getByRole("group", { name: description });
  }

  async prepare(options: Omit<AskWithDialogOptions, "container" | "publisherName"> = {}): Promise<void> {
    await this.#run(`module.prepare(await import(${JSON.stringify(this.#server.url("dist/prompt.js"))}), ${JSON.stringify(options)})`);
  }

  /** Asks all at once, as one load does. */
  async ask(...requests: readonly Asked[]): Promise<readonly number[]> {
    return (await this.#run(`${JSON.stringify(requests)}.map((request) => module.request(request))`)) as number[];
  }

  /** Asks, and waits until it can be answered. */
  async askAndWait(...requests: readonly Asked[]): Promise<void> {
    await this.ask(...requests);
    await expect(this.denyAll).toBeEnabled();
  }

  async answers(): Promise<readonly (GrantDecision | null)[]> {
    return (await this.#run("module.answers")) as (GrantDecision | null)[];
  }

  async expectAnswers(...wanted: readonly (GrantDecision["decision"] | null)[]): Promise<void> {
    await expect.poll(async () => (await this.answers()).map((answer) => answer?.decision ?? null)).toEqual(wanted);
  }

  abort(index: number): Promise<unknown> {
    return this.#run(`module.abort(${index})`);
  }

  #run(code: string): Promise<unknown> {
    return this.page.evaluate(`(async () => { const module = await import(${JSON.stringify(this.#server.url("pages/permissions.js"))}); return ${code}; })()`);
  }
}

async function opened(page: Page, server: TestServer, options: Parameters<PermissionPage["prepare"]>[0] = {}): Promise<PermissionPage> {
  const permissions = new PermissionPage(page, server);
  await permissions.prepare(options);
  return permissions;
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
