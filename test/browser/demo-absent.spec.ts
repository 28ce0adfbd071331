/** Darkroom where the filters of the bridge cannot run: without Python and a compiler, and as a site of nothing but files. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../demo/command/paths.mjs";
import { FILTERS, settledColours, violations } from "./support/darkroom-permissions.js";
import { applyFilter } from "./support/darkroom-page.js";
import { expect, test } from "./support/darkroom-test.js";

// One server for the whole file: its tests are run in order by one worker.
test.describe.configure({ mode: "default" });

test.use({ cache: ".cache/demo-absent", without: "python,native" });

for (const colorScheme of ["light", "dark"] as const) {
  test(`what cannot run on this machine is listed with the reason, is nothing to choose, and can be read in ${colorScheme} colours`, async ({ page, darkroom }, testInfo) => {
    await page.emulateMedia({ colorScheme });
    const absent = page.locator("[data-absent]");
    await expect(absent).toHaveCount(2);
    const reasons = { "darkroom.cross-process": "Needs Python 3.9 or newer on this machine.", "darkroom.oil-paint": "Needs Rust’s cargo on this machine, to be built." };
    for (const [id, reason] of Object.entries(reasons)) await expect(page.locator(`[data-absent="${id}"]`)).toContainText(reason);
    await expect(absent.getByRole("button")).toHaveCount(0);
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(page.getByRole("log")).not.toContainText("Problem");
    expect([...darkroom.absent.keys()].sort()).toEqual(["Cross process", "Oil paint"]);
    await absent.last().scrollIntoViewIfNeeded();
    await settledColours(page);
    expect(await violations(page)).toEqual([]);
    await page.screenshot({ path: testInfo.outputPath(`absent-${colorScheme}.png`) });
  });
}

test("the other filters run as ever, and the page asks for no bridge", async ({ page }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("websocket", (socket) => asked.push(socket.url()));
  await applyFilter(page, "darkroom.blur", { radius: 6 });
  expect(asked.filter((url) => url.includes("/bridge"))).toEqual([]);
});

test("a site of nothing but files says that it has no bridge", async ({ browser }, testInfo) => {
  const cache = ".cache/demo-static";
  const address = "https://darkroom.example/";
  const built = spawn(process.execPath, ["demo/start.mjs", "--no-library", "--build", "--address", address], { cwd: ROOT, stdio: "inherit", env: { ...process.env, DARKROOM_CACHE: cache } });
  expect(await new Promise((resolve) => built.once("exit", resolve))).toBe(0);
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.route(`${address}**`, (route) => {
    const path = new URL(route.request().url()).pathname;
    const file = join(ROOT, cache, "site", path === "/" ? "index.html" : path);
    return existsSync(file) ? route.fulfill({ path: file }) : route.fulfill({ status: 404 });
  });
  await page.goto(address);
  await expect(page.locator("[data-filter]")).toHaveCount(FILTERS);
  await expect(page.locator("[data-absent]")).toHaveCount(2);
  for (const reason of await page.locator(".filter-reason").allTextContents()) expect(reason).toBe("Needs a bridge, which this site does not have.");
  await applyFilter(page, "darkroom.tone", { exposure: 1 });
  await page.screenshot({ path: testInfo.outputPath("static.png") });
  expect(problems).toEqual([]);
  await page.close();
});
