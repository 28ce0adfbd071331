/**
 * Finds a Chromium that starts on this machine, and installs one where there is none.
 * Used by the test runner, the demo's screenshots and the benchmark.
 */
import { execFile, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

/**
 * @typedef {object} Chromium
 * @property {string} executablePath Absolute path of the executable.
 * @property {string} version What `--version` prints; empty on Windows, where it opens a window instead.
 * @property {boolean} sandbox Whether its own process sandbox works here. It never does for root.
 */

const PATH_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"];

/** Where installers for desktops put browsers without adding them to PATH. */
const DESKTOP_PATHS = [
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

/** Set for child processes, so that each does not start a browser only to see that it starts. */
const VERIFIED = "PORTCULLIS_CHROMIUM_VERIFIED";
const START_MILLISECONDS = 120_000;
const run = promisify(execFile);

/**
 * A Chromium that was seen to start, or `undefined` where there is none. Looks at `$PORTCULLIS_CHROMIUM`,
 * then PATH, then the usual places on desktops, then the browser that Playwright installed.
 *
 * @returns {Promise<Chromium | undefined>}
 * @throws {Error} if `$PORTCULLIS_CHROMIUM` is set to something that does not start
 */
export async function findChromium() {
  const wanted = process.env["PORTCULLIS_CHROMIUM"];
  const known = readVerified();
  if (known !== undefined && (wanted === undefined || wanted === known.executablePath)) return known;
  if (wanted !== undefined && wanted !== "") {
    const { chromium, failure } = await tryStart(wanted);
    if (chromium === undefined) throw new Error(`Cannot start the Chromium that PORTCULLIS_CHROMIUM names, ${wanted}: ${failure}`);
    return remember(chromium);
  }
  for (const candidate of await candidates()) {
    const { chromium, failure } = await tryStart(candidate);
    if (chromium !== undefined) return remember(chromium);
    console.error(`${candidate} does not start: ${failure}`);
  }
  return undefined;
}

/**
 * A Chromium that starts, installed if need be: by Playwright, or on Debian and Ubuntu as root by apt.
 *
 * @returns {Promise<Chromium>}
 * @throws {Error} saying what to install, if none can be had
 */
export async function ensureChromium() {
  const found = await findChromium();
  if (found !== undefined) return found;
  for (const install of [installWithPlaywright, installWithApt]) {
    const tried = await install();
    const installed = tried ? await findChromium() : undefined;
    if (installed !== undefined) return installed;
  }
  throw new Error(
    "Cannot find or install a Chromium: none is on PATH, and neither `npx playwright install chromium` nor apt gave one that starts. " +
      "Install Chromium, Chrome or Edge by hand, or set PORTCULLIS_CHROMIUM to the path of one.",
  );
}

/**
 * Playwright's launch options for a Chromium.
 *
 * @param {Chromium} chromium
 * @returns {{ executablePath: string, chromiumSandbox: boolean }}
 */
export function launchOptions(chromium) {
  return { executablePath: chromium.executablePath, chromiumSandbox: chromium.sandbox };
}

/** @returns {Promise<string[]>} paths of executables that exist, in order of preference */
async function candidates() {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const onPath = PATH_NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  /** @type {string[]} */
  const existing = [];
  for (const path of [...onPath, ...DESKTOP_PATHS, await playwrightPath()]) {
    if (path !== undefined && !existing.includes(path) && (await isExecutable(path))) existing.push(path);
  }
  return existing;
}

/** @returns {Promise<string | undefined>} */
async function playwrightPath() {
  const { chromium } = await import("@playwright/test");
  try {
    return chromium.executablePath();
  } catch {
    return undefined; // this platform has no Playwright build
  }
}

/** @param {string} path */
async function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/**
 * Starts it without a window and has it print a page: `--version` alone also answers where the
 * browser cannot start, for want of a library or of the kernel's leave for its sandbox.
 *
 * @param {string} executablePath
 * @returns {Promise<{ chromium?: Chromium, failure?: string }>}
 */
async function tryStart(executablePath) {
  const sandboxes = process.getuid?.() === 0 ? [false] : [true, false];
  let failure = "";
  for (const sandbox of sandboxes) {
    try {
      const version = process.platform === "win32" ? "" : (await run(executablePath, ["--version"], { timeout: START_MILLISECONDS })).stdout.trim();
      await printPage(executablePath, sandbox);
      return { chromium: { executablePath, version, sandbox } };
    } catch (error) {
      failure = lastLine(error);
    }
  }
  return { failure };
}

/**
 * @param {string} executablePath
 * @param {boolean} sandbox
 */
async function printPage(executablePath, sandbox) {
  const profile = await mkdtemp(join(tmpdir(), "portcullis-chromium-"));
  try {
    const flags = ["--headless", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`];
    if (!sandbox) flags.push("--no-sandbox");
    const { stdout } = await run(executablePath, [...flags, "--dump-dom", "data:text/html,<p>started</p>"], { timeout: START_MILLISECONDS });
    if (!stdout.includes("<p>started</p>")) throw new Error("it ran but printed no page");
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** @param {unknown} error */
function lastLine(error) {
  const stderr = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
  return stderr.trim().split("\n").at(-1) || (error instanceof Error ? error.message : String(error));
}

/** @returns {Promise<boolean>} whether the installer reported success */
async function installWithPlaywright() {
  console.log("No Chromium found: installing Playwright's");
  const command = createRequire(import.meta.url).resolve("@playwright/test/cli");
  if (!(await runVisibly(process.execPath, [command, "install", "chromium"]))) return false;
  if (process.platform !== "linux" || process.getuid?.() !== 0 || (await findChromium()) !== undefined) return true;
  // The browser is there and does not start: the libraries that it needs are missing, and root may add them.
  return runVisibly(process.execPath, [command, "install-deps", "chromium"]);
}

/** @returns {Promise<boolean>} whether apt reported success */
async function installWithApt() {
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !(await isExecutable("/usr/bin/apt-get"))) return false;
  console.log("Playwright's Chromium cannot be had here: installing the distribution's with apt");
  return (await runVisibly("/usr/bin/apt-get", ["update"])) && (await runVisibly("/usr/bin/apt-get", ["install", "-y", "--no-install-recommends", "chromium"]));
}

/**
 * @param {string} command
 * @param {string[]} commandArguments
 * @returns {Promise<boolean>}
 */
function runVisibly(command, commandArguments) {
  return new Promise((resolve) => {
    const child = spawn(command, commandArguments, { stdio: "inherit", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
}

/** @param {Chromium} chromium */
function remember(chromium) {
  process.env[VERIFIED] = JSON.stringify(chromium);
  return chromium;
}

/** @returns {Chromium | undefined} */
function readVerified() {
  const text = process.env[VERIFIED];
  return text === undefined ? undefined : JSON.parse(text);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log((await ensureChromium()).executablePath);
}
