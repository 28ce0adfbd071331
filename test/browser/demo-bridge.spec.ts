/** Darkroom's filters in Python and native code, which run on the bridge that the demo's command starts. */
import { applyFilter, openLargePicture, type PagePicture, pictureIn, sharpness, waitForPreview } from "./support/darkroom-page.js";
import { descendantsOf, killDescendants, stillRunning } from "./support/bridge-processes.js";
import { settledColours, violations } from "./support/darkroom-permissions.js";
import { type DarkroomServer, startDarkroom } from "./support/darkroom-server.js";
import { expect, test } from "./support/darkroom-test.js";
import { withPackedFilter } from "./support/packed-filter.js";

// One server for the whole file: its tests are run in order by one worker.
test.describe.configure({ mode: "default" });

const CACHE = ".cache/demo-bridge";
const FILTERS = [
  { id: "darkroom.cross-process", title: "Cross process", place: "Python, on the bridge", change: ["strength", "0.5"] },
  { id: "darkroom.oil-paint", title: "Oil paint", place: "Native, on the bridge", change: ["brush", "24"] },
] as const;

test.use({ cache: CACHE, without: "" });

test("the filter in Python gives each channel one curve: no blue is dark, and none is bright", async ({ page, darkroom }, testInfo) => {
  skipWithout(darkroom, "Cross process");
  const before = await pictureIn(page, "#after");
  await applyFilter(page, "darkroom.cross-process", { strength: 1, tint: 0, fade: 0 });
  const after = await pictureIn(page, "#after");
  const curves = [0, 1, 2, 3].map((channel) => curveOf(before, after, channel));
  for (const [byte, value] of curves[2] ?? []) expect({ byte, value, isMuted: value >= 50 && value <= 200 }).toEqual({ byte, value, isMuted: true });
  for (const [byte, value] of curves[3] ?? []) expect(value, "alpha").toBe(byte);
  expect(curves[0]?.get(30), "a dark red").toBeLessThan(25);
  await page.screenshot({ path: testInfo.outputPath("cross-process.png") });
});

test("the native filter paints smooth areas over, and leaves strong edges", async ({ page, darkroom }, testInfo) => {
  skipWithout(darkroom, "Oil paint");
  const before = await pictureIn(page, "#after");
  await applyFilter(page, "darkroom.oil-paint", { brush: 8, edges: 0.8, strength: 1 });
  const after = await pictureIn(page, "#after");
  const [sharpBefore, sharpAfter] = [sharpness(before), sharpness(after)];
  expect(sharpAfter.edges).toBeLessThan(sharpBefore.edges * 0.7);
  expect(Math.abs(sharpAfter.brightness - sharpBefore.brightness)).toBeLessThan(sharpBefore.brightness * 0.05);
  expect(steps(after)).toBeGreaterThan(steps(before) * 0.3);
  await page.screenshot({ path: testInfo.outputPath("oil-paint.png") });
});

for (const { id, title, place, change } of FILTERS) {
  test(`${title} says where it runs, and how it got there`, async ({ page, darkroom }, testInfo) => {
    skipWithout(darkroom, title);
    await expect(page.locator(`[data-filter="${id}"] .filter-place`)).toHaveText(place);
    await expect(page.locator('[data-filter="darkroom.blur"] .filter-place')).toHaveText("In this page");
    await page.locator(`[data-filter="${id}"]`).click();
    await waitForPreview(page);
    await expect(page.locator("[data-fact=cache]")).toHaveText("Not used: nothing of it is compiled here");
    await expect(page.locator("[data-fact=code]")).toHaveText("Stays with the bridge");
    await expect(page.locator("[data-fact=sandbox]")).toContainText("A process of its own on the bridge");
    await expect(page.locator("[data-fact=trust]")).toContainText("Signed by the trusted key");
    await expect(page.locator("[data-phase=connect] .phase-value")).toHaveText(/ms|s$/);
    await expect(page.locator("[data-phase=transpile] .phase-value")).toHaveText("skipped");
    await page.screenshot({ path: testInfo.outputPath(`${id}.png`) });
  });

  test(`${title} is run again after its process was killed in the middle`, async ({ page, darkroom }, testInfo) => {
    skipWithout(darkroom, title);
    await openLargePicture(page);
    await page.locator(`[data-filter="${id}"]`).click();
    await waitForPreview(page);
    const [parameter, value] = change;
    await page.locator(`[data-parameter="${parameter}"]`).fill(value);
    await expect(page.locator(".run-status")).toHaveText("Running on the bridge…");
    expect(await killDescendants(darkroom.pid), "processes of the bridge").not.toEqual([]);
    await expect(page.locator(".run-status .error-title")).toHaveText(/crashed/);
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await page.screenshot({ path: testInfo.outputPath(`${id}-killed.png`) });
    await page.getByRole("button", { name: "Apply", exact: true }).click();
    await expect(page.locator(".run-status")).toContainText("Applied");
  });

  test(`${title} refuses what it cannot use with the interface's own error`, async ({ darkroom }) => {
    skipWithout(darkroom, title);
    const image = { width: 1, height: 1, pixels: new Uint8Array([10, 20, 30, 40]) };
    const [name] = change;
    await withPackedFilter(CACHE, id, async (apply) => {
      const refusal = async (image: unknown, settings: unknown) => (await apply(image, settings)).value;
      expect(await refusal(image, [{ name, value: 1e6 }])).toEqual({ tag: "out-of-range", val: name });
      expect(await refusal(image, [{ name, value: Number.NaN }])).toEqual({ tag: "out-of-range", val: name });
      expect(await refusal(image, [{ name: "shine", value: 0 }])).toEqual({ tag: "unknown-parameter", val: "shine" });
      expect(await refusal({ ...image, width: 2 }, [])).toEqual({ tag: "unsupported-image", val: "2x1 with 4 bytes" });
      expect(await refusal({ width: 65_536, height: 65_536, pixels: new Uint8Array(0) }, [])).toEqual({ tag: "unsupported-image", val: "65536x65536 with 0 bytes" });
      const { kind, value } = await apply(image, [{ name: "strength", value: 0 }]);
      expect({ kind, value }, "and goes on").toMatchObject({ kind: "ok", value: { width: 1, height: 1 } });
    });
  });

  test(`${title} can be stopped, and runs again`, async ({ page, darkroom }) => {
    skipWithout(darkroom, title);
    await openLargePicture(page);
    await page.locator(`[data-filter="${id}"]`).click();
    await waitForPreview(page);
    const [parameter, value] = change;
    await page.locator(`[data-parameter="${parameter}"]`).fill(value);
    await page.getByRole("button", { name: "Stop" }).click();
    await expect(page.locator(".run-status")).toContainText("Stopped");
    await page.getByRole("button", { name: "Apply", exact: true }).click();
    await expect(page.locator(".run-status")).toContainText("Applied");
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds no violation with filters of the bridge in ${colorScheme} colours`, async ({ page, darkroom }, testInfo) => {
    await page.emulateMedia({ colorScheme });
    for (const { id, title } of FILTERS) {
      if (darkroom.absent.has(title)) continue;
      await page.locator(`[data-filter="${id}"]`).click();
      await waitForPreview(page);
      await settledColours(page);
      expect(await violations(page), title).toEqual([]);
      await page.screenshot({ path: testInfo.outputPath(`${id}-${colorScheme}.png`) });
    }
  });
}

test("attack: pages of other ports, and of names that lead here, ask for a token", async ({ request, darkroom }) => {
  skipWithout(darkroom, "Cross process");
  const { origin } = new URL(darkroom.address);
  const ask = (headers: Readonly<Record<string, string>>) => request.post(`${darkroom.address}bridge/token`, { headers });
  expect((await request.get(`${darkroom.address}bridge/token`)).status(), "asked with GET").toBe(405);
  expect((await ask({})).status(), "without an origin").toBe(403);
  expect((await ask({ origin: "http://127.0.0.1:1" })).status(), "of another port of this machine").toBe(403);
  expect((await ask({ origin, host: "attacker.example" })).status(), "under another name").toBe(403);
  expect(await (await ask({ origin })).text(), "of the page itself").toMatch(/^[\w-]{43}$/);
});

test("attack: a token that was found is used a second time", async ({ browser, request, darkroom }) => {
  skipWithout(darkroom, "Cross process");
  const token = await (await request.post(`${darkroom.address}bridge/token`, { headers: { origin: new URL(darkroom.address).origin } })).text();
  // A page of its own, like below: browsers report connections that fail as errors of the page.
  const page = await browser.newPage();
  await page.goto(darkroom.address);
  const outcomes = await page.evaluate(async (token) => {
    const open = () => new Promise<string>((resolve) => {
      const encoded = btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      const socket = new WebSocket(new URL("bridge", document.baseURI.replace(/^http/, "ws")), ["portcullis.bridge.1", `portcullis.token.${encoded}`]);
      socket.onopen = () => resolve("open");
      socket.onerror = () => resolve("refused");
    });
    return [await open(), await open()];
  }, token);
  expect(outcomes).toEqual(["open", "refused"]);
  await page.close();
});

test("a person whose bridge goes away reads so, and goes on when it is back", async ({ browser, darkroom }, testInfo) => {
  skipWithout(darkroom, "Cross process");
  const options = { cache: `${CACHE}-restarted`, without: "native" };
  await using first = await startDarkroom(options);
  const page = await browser.newPage();
  await page.goto(first.address);
  await openLargePicture(page);
  await page.locator('[data-filter="darkroom.cross-process"]').click();
  await waitForPreview(page);
  await page.locator('[data-parameter="strength"]').fill("0.4");
  await expect(page.locator(".run-status")).toHaveText("Running on the bridge…");
  const processes = await descendantsOf(first.pid);
  await first.stop("SIGKILL");
  await expect.poll(() => stillRunning(processes), "what the bridge left behind").toEqual([]);
  await expect(page.locator(".run-status .error-title")).toContainText("The connection to the bridge was lost");
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await expect(page.locator(".run-status .error-title")).toContainText("cannot be reached");
  await page.screenshot({ path: testInfo.outputPath("unreachable.png") });
  await using second = await startDarkroom({ ...options, port: Number(new URL(first.address).port) });
  expect(second.address).toBe(first.address);
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await expect(page.locator(".run-status")).toContainText("Applied");
  await page.close();
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`nothing of the bridge is left after ${signal}`, async ({ browser, darkroom }) => {
    skipWithout(darkroom, "Cross process");
    await using server = await startDarkroom({ cache: `${CACHE}-stopped`, without: "native" });
    const page = await browser.newPage();
    await page.goto(server.address);
    await page.locator('[data-filter="darkroom.cross-process"]').click();
    await waitForPreview(page);
    const processes = await descendantsOf(server.pid);
    expect(processes).not.toEqual([]);
    await server.stop(signal);
    expect(await stillRunning(processes)).toEqual([]);
    await page.close();
  });
}

/** What the machine lacks is no failure; what could not be built or started with it is one. */
function skipWithout({ absent }: DarkroomServer, title: string): void {
  const reason = absent.get(title) ?? "";
  test.skip(reason.startsWith("Needs "), `${title}: ${reason}`);
  expect(reason, `why ${title} is not there`).toBe("");
}

/** What each value of a channel became, which must be the same everywhere. */
function curveOf(before: PagePicture, after: PagePicture, channel: number): ReadonlyMap<number, number> {
  const curve = new Map<number, number>();
  for (let offset = channel; offset < before.pixels.length; offset += 4) {
    const [from = 0, to = 0] = [before.pixels[offset], after.pixels[offset]];
    if ((curve.get(from) ?? to) !== to) expect(to, `channel ${channel} of ${from}`).toBe(curve.get(from));
    curve.set(from, to);
  }
  return curve;
}

/** Neighbours in a row of which one is far brighter. */
function steps({ width, pixels }: PagePicture): number {
  const light = (offset: number) => (pixels[offset] ?? 0) + (pixels[offset + 1] ?? 0) + (pixels[offset + 2] ?? 0);
  let found = 0;
  for (let offset = 4; offset < pixels.length; offset += 4) {
    if ((offset / 4) % width !== 0 && Math.abs(light(offset) - light(offset - 4)) > 180) found += 1;
  }
  return found;
}
