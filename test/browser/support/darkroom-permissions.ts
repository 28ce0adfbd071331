/** What a person decides on the demo's page, and what a spec looks for afterwards. */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Locator, type Page } from "@playwright/test";
import { ROOT } from "../../../demo/command/paths.mjs";
import { portcullis } from "../../../demo/command/run.mjs";
import { type PagePicture, pictureIn } from "./darkroom-page.js";

/** In the registry, of those that run in the page. */
export const FILTERS = 7;
/** That run on the bridge, if they can. */
export const BRIDGE_FILTERS = 2;

export const DATE_STAMP = "darkroom.date-stamp";
export const FILM_GRAIN = "darkroom.film-grain";
/** What the date stamp asks of the page. */
export const LETTERING = "host:darkroom:app/lettering@1.0.0";

export type Duration = "Only this time" | "Until this page is closed" | "Always";

/** Chooses a filter and allows what it asks for, but for the requests in `without`. */
export async function choose(page: Page, id: string, requests: number, duration: Duration = "Only this time", without: readonly number[] = []): Promise<void> {
  await page.locator(`[data-filter="${id}"]`).click();
  await decide(page, requests, duration, without);
}

export async function decide(page: Page, count: number, duration: Duration = "Only this time", without: readonly number[] = []): Promise<void> {
  const requests = await requestsIn(page, count);
  for (let index = 0; index < count; index += 1) {
    if (without.includes(index)) continue;
    const request = requests.nth(index);
    await request.getByRole("radio", { name: "Allow", exact: true }).check();
    await request.getByRole("combobox").selectOption(duration);
  }
  await page.getByRole("dialog").getByRole("button", { name: "Allow selected" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
}

/** The requests in the dialog, of which there must be so many. */
export async function requestsIn(page: Page, count: number): Promise<Locator> {
  const requests = page.getByRole("dialog").getByRole("group");
  await expect(requests).toHaveCount(count);
  return requests;
}

export async function reload(page: Page): Promise<void> {
  await page.reload();
  await expect(page.locator("[data-filter]")).toHaveCount(FILTERS);
}

export async function openPermissions(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Permissions", exact: true }).first().click();
  await expect(page.locator("#permissions")).toBeVisible();
}

export async function closePermissions(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Close permissions" }).click();
}

export function permission(page: Page, id: string, capability: string): Locator {
  return page.locator(`[data-permission="${id} ${capability}"]`);
}

export async function setPalette(page: Page, value: string): Promise<void> {
  const before = await pictureIn(page, "#after");
  await page.locator('[data-parameter="palette"]').fill(value);
  await expect.poll(async () => changedPixels(before, await pictureIn(page, "#after")).length).toBeGreaterThan(1000);
}

export interface ChangedPixel {
  readonly x: number;
  readonly y: number;
  readonly offset: number;
}

export function changedPixels(before: PagePicture, after: PagePicture): readonly ChangedPixel[] {
  const changed: ChangedPixel[] = [];
  for (let offset = 0; offset < before.pixels.length; offset += 4) {
    const isSame = [0, 1, 2, 3].every((channel) => before.pixels[offset + channel] === after.pixels[offset + channel]);
    if (!isSame) changed.push({ x: (offset / 4) % before.width, y: Math.floor(offset / 4 / before.width), offset });
  }
  return changed;
}

export function gain(before: PagePicture, after: PagePicture, offset: number, channel: number): number {
  return (after.pixels[offset + channel] ?? 0) - (before.pixels[offset + channel] ?? 0);
}

/**
 * The next version of the filter Palette, signed by the same publisher, which wants to keep twice as much.
 *
 * @param cache - the demo's folder.
 */
export async function packUpdate(cache: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "darkroom-update-"));
  try {
    // As it was packed for where the page is served.
    await cp(join(ROOT, cache, "sources/palette"), folder, { recursive: true });
    const description = await readFile(join(folder, "package.toml"), "utf8");
    await writeFile(join(folder, "package.toml"), description.replace('version = "1.0.0"', 'version = "1.1.0"').replace("keyvalue:65536", "keyvalue:131072"));
    await portcullis("pack", folder, "--out", join(folder, "out"), "--key", join(ROOT, cache, "publisher.pem"), "--archive");
    return await readFile(join(folder, "out", "darkroom.palette-1.1.0.tar.gz"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Axe takes colours as they are at that moment, and a dialog fades in. */
export async function settledColours(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const roots = [document, ...[...document.querySelectorAll("*")].flatMap(({ shadowRoot }) => shadowRoot ?? [])];
    const animations = roots.flatMap((root) => root.getAnimations()).filter(({ effect }) => effect?.getComputedTiming().iterations !== Infinity);
    await Promise.allSettled(animations.map(({ finished }) => finished));
  });
}

const axe = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds, as `rule: selector` with its advice. Evaluated from outside, since the page's policy lets no script in. */
export async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(await axe);
  const found: unknown = await page.evaluate("axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.flat().join(' ')}: ${failureSummary}`)))");
  expect(Array.isArray(found)).toBe(true);
  return found as readonly string[];
}
