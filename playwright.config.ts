import { defineConfig } from "@playwright/test";
import { type Chromium, findChromium, findHeadlessShell, launchOptions } from "./test/support/chromium.mjs";
import { DEFAULT_PORT } from "./test/support/server.mjs";

const chromium = await findChromium();
if (chromium === undefined) throw new Error("Cannot run browser tests: no Chromium was found. `node test/support/install-chromium.mjs` installs one");
const shell = (await findHeadlessShell()) ?? chromium;

const port = Number(process.env["PORTCULLIS_TEST_PORT"] ?? DEFAULT_PORT);
const baseURL = `http://127.0.0.1:${port}`;
const inContinuousIntegration = process.env["CI"] !== undefined;

export default defineConfig({
  testMatch: "**/*.spec.ts",
  // The registry of signed packages that the specs load from.
  globalSetup: "./test/support/pack-fixtures.mjs",
  outputDir: "test-results",
  fullyParallel: true,
  forbidOnly: inContinuousIntegration,
  workers: 2,
  retries: inContinuousIntegration ? 1 : 0,
  // No test asserts a duration: these only end a test that hangs, on a machine however busy.
  timeout: 180_000,
  expect: { timeout: 60_000 },
  reporter: [["list"]],
  use: {
    baseURL,
    trace: "on-first-retry",
    serviceWorkers: "allow",
  },
  // Attacks meet the browser that people have; the others the engine as Playwright starts it, where it is installed.
  projects: [project("browser", shell), project("security", chromium), project("conformance", shell), project("package", chromium)],
  webServer: {
    command: "node test/support/server.mjs",
    url: `${baseURL}/pages/blank.html`,
    env: { PORTCULLIS_TEST_PORT: String(port) },
    reuseExistingServer: !inContinuousIntegration,
    timeout: 60_000,
  },
});

function project(name: string, browser: Chromium) {
  return {
    name,
    testDir: `test/${name}`,
    use: {
      launchOptions: {
        ...launchOptions(browser),
        args: [
          // An origin without TLS that is not loopback, so that tests meet a page that is no secure context.
          "--host-resolver-rules=MAP insecure.test 127.0.0.1",
          // It is the crash reporter that hands V8 the signal of an access out of a memory's bounds. Without one, which is the
          // shell's default, such an access of any module is no trap: it crashes the page.
          ...(browser === chromium ? [] : ["--enable-crash-reporter"]),
        ],
      },
    },
  };
}
