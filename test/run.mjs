/**
 * The whole test command, from a checkout with nothing but `node_modules`:
 *
 *   node test/run.mjs                         everything
 *   node test/run.mjs unit                    one part, building first what is out of date
 *   node test/run.mjs browser security -- -g "cold load"    parts, with arguments for their runner
 *
 * A failing preparation ends the run. The parts after it all run, so that the last line counts every test.
 */
import { spawn } from "node:child_process";
import { mkdir, readFile, readdir, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compareTable, findingsOf } from "./conformance/table.mjs";
import { ensureChromium, ensureHeadlessShell } from "./support/install-chromium.mjs";
import { ensurePrograms } from "./support/programs.mjs";

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const REPORTS = join(ROOT, ".cache/test-reports");
const PLAYWRIGHT_PARTS = ["browser", "security", "conformance", "package"];
const PARTS = ["unit", ...PLAYWRIGHT_PARTS];

const separator = process.argv.indexOf("--");
const partArguments = process.argv.slice(2, separator === -1 ? undefined : separator);
const runnerArguments = separator === -1 ? [] : process.argv.slice(separator + 1);
const unknown = partArguments.filter((part) => !PARTS.includes(part));
if (unknown.length > 0) {
  console.error(`Cannot run ${unknown.join(", ")}: the parts are ${PARTS.join(", ")}`);
  process.exit(2);
}

/** @type {Totals} */
const totals = { passed: 0, failed: 0, skipped: 0 };
try {
  await runAll(partArguments.length === 0 ? PARTS : partArguments, partArguments.length === 0);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  totals.failed += 1;
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed${totals.skipped > 0 ? `, ${totals.skipped} skipped` : ""}`);
process.exitCode = totals.failed > 0 ? 1 : 0;

/**
 * @param {readonly string[]} parts
 * @param {boolean} everything
 */
async function runAll(parts, everything) {
  const inBrowser = parts.filter((part) => PLAYWRIGHT_PARTS.includes(part));
  if (inBrowser.length > 0) {
    await step("Chromium", async () => {
      for (const found of [await ensureChromium(), await ensureHeadlessShell()]) {
        if (found !== undefined) console.log(`${found.version} at ${found.executablePath}${found.sandbox ? "" : ", without its own process sandbox"}`);
      }
    });
  }
  await step("Programs", ensurePrograms);
  await step("Fixtures", () => mustRun("node", ["test/fixtures/build/setup.mjs"]));
  // A plain `unit` run needs no build; specs and the package do.
  if (everything || (inBrowser.length > 0 && (await isBuildStale()))) await step("Build", () => mustRun("npm", ["run", "--silent", "build"]));
  if (everything) {
    await step("Types", () => mustRun("npm", ["run", "--silent", "typecheck"]));
    await step("Lint", () => mustRun("npm", ["run", "--silent", "lint"]));
  }
  if (parts.includes("unit")) await step("Unit tests", runVitest);
  const specs = inBrowser.filter((part) => part !== "package");
  if (specs.length > 0) await step(`Tests in Chromium: ${specs.join(", ")}`, () => runPlaywright(specs));
  if (inBrowser.includes("package")) await step("The packed package", () => runPlaywright(["package"]));
}

/**
 * @param {string} title
 * @param {() => Promise<void>} work
 */
async function step(title, work) {
  const started = performance.now();
  console.log(`\n== ${title}`);
  try {
    await work();
  } finally {
    console.log(`-- ${title}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}

async function runVitest() {
  const report = await freshReport("vitest");
  const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
  const code = await run("node", [vitest, "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...runnerArguments]);
  const result = await readReport(report);
  // A file that cannot even be imported has no failed test in it.
  const brokenFiles = (result?.testResults ?? []).filter((/** @type {any} */ file) => file.status === "failed" && file.assertionResults.length === 0).length;
  count(code, {
    passed: result?.numPassedTests ?? 0,
    failed: (result?.numFailedTests ?? 0) + brokenFiles,
    skipped: (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0),
  });
}

/** @param {readonly string[]} projects */
async function runPlaywright(projects) {
  const report = await freshReport(`playwright-${projects.join("-")}`);
  const playwright = createRequire(import.meta.url).resolve("@playwright/test/cli");
  const environment = {
    PLAYWRIGHT_JSON_OUTPUT_FILE: report,
    // A free port, so that two runs on one machine do not share a server.
    PORTCULLIS_TEST_PORT: process.env["PORTCULLIS_TEST_PORT"] ?? String(await freePort()),
  };
  const selected = projects.map((project) => `--project=${project}`);
  const code = await run("node", [playwright, "test", "--reporter=list,json", "--pass-with-no-tests", ...selected, ...runnerArguments], environment);
  const found = await readReport(report);
  const stats = found?.stats;
  if (projects.includes("conformance") && runnerArguments.length === 0) await checkTable(found);
  count(code, { passed: (stats?.expected ?? 0) + (stats?.flaky ?? 0), failed: stats?.unexpected ?? 0, skipped: stats?.skipped ?? 0 });
}

/**
 * The README says what every runtime can do: it must be what was found.
 *
 * @param {any} report
 */
async function checkTable(report) {
  const problem = await compareTable(findingsOf(report));
  if (problem === undefined) return;
  console.error(problem);
  totals.failed += 1;
}

/**
 * Adds what a runner reported. A runner that failed without a failed test, or ran none, counts as one failure:
 * silence is not success.
 *
 * @param {number} code
 * @param {Totals} found
 */
function count(code, found) {
  const silent = found.passed + found.failed === 0;
  if (silent) console.error("No test ran");
  totals.passed += found.passed;
  totals.skipped += found.skipped;
  totals.failed += Math.max(found.failed, code !== 0 || silent ? 1 : 0);
}

/** Whether any source is newer than the build. */
async function isBuildStale() {
  const built = await modifiedAt(join(ROOT, "dist/index.js"));
  const sources = ["package.json", "vite.config.ts", "tsconfig.json"].map((name) => join(ROOT, name));
  for (const entry of await readdir(join(ROOT, "src"), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sources.push(join(entry.parentPath, entry.name));
  }
  const times = await Promise.all(sources.map(modifiedAt));
  return built === 0 || times.some((time) => time > built);
}

/** @param {string} path */
async function modifiedAt(path) {
  return stat(path).then(
    (found) => found.mtimeMs,
    () => 0,
  );
}

/** @param {string} name */
async function freshReport(name) {
  const path = join(REPORTS, `${name}.json`);
  await mkdir(REPORTS, { recursive: true });
  await rm(path, { force: true });
  return path;
}

/**
 * @param {string} path
 * @returns {Promise<any>} `undefined` if the runner died before it wrote one
 */
async function readReport(path) {
  const text = await readFile(path, "utf8").catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("Cannot find a free port for the test server");
  return address.port;
}

/**
 * @param {string} command
 * @param {readonly string[]} commandArguments
 */
async function mustRun(command, commandArguments) {
  const code = await run(command, commandArguments);
  if (code !== 0) throw new Error(`${command} ${commandArguments.join(" ")} failed with exit code ${code}`);
}

/**
 * @param {string} command
 * @param {readonly string[]} commandArguments
 * @param {Record<string, string>} [environment]
 * @returns {Promise<number>}
 */
function run(command, commandArguments, environment = {}) {
  const executable = command === "node" ? process.execPath : command;
  return new Promise((resolve, reject) => {
    const child = spawn(executable, commandArguments, {
      cwd: ROOT,
      stdio: "inherit",
      env: { ...process.env, ...environment },
      // npm is a script on Windows; nothing here comes from outside.
      shell: process.platform === "win32" && command === "npm",
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (signal !== null) console.error(`${command} was ended by ${signal}`);
      resolve(code ?? 1);
    });
  });
}
