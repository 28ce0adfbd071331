/** Finds a Chromium that starts on this machine. */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/**
 * @typedef {object} Chromium
 * @property {string} executablePath Absolute path of the executable.
 * @property {string} version What `--version` prints; empty on Windows, where it opens a window instead.
 * @property {boolean} sandbox Whether its own process sandbox works here. It never does for root.
 */

const PATH_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"];

/**
 * The same engine without a browser's own parts: what Playwright starts by default, so that the package's users
 * meet it too. A page of its own costs a fifth of the processor time that it costs in the whole browser.
 */
const SHELL_NAMES = ["chromium-headless-shell", "chrome-headless-shell", "headless_shell"];

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
const VERIFIED_SHELL = "PORTCULLIS_HEADLESS_SHELL_VERIFIED";
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
  const known = readVerified(VERIFIED);
  if (known !== undefined && (wanted === undefined || wanted === known.executablePath)) return known;
  if (wanted !== undefined && wanted !== "") {
    const { chromium, failure } = await tryStart(wanted);
    if (chromium === undefined) throw new Error(`Cannot start the Chromium that PORTCULLIS_CHROMIUM names, ${wanted}: ${failure}`);
    return remember(VERIFIED, chromium);
  }
  return firstThatStarts(VERIFIED, await candidates());
}

/**
 * A headless shell on PATH that was seen to start, or `undefined` where there is none, or where
 * `$PORTCULLIS_CHROMIUM` says what all is to run in.
 *
 * @returns {Promise<Chromium | undefined>}
 */
export async function findHeadlessShell() {
  if ((process.env["PORTCULLIS_CHROMIUM"] ?? "") !== "") return undefined;
  return readVerified(VERIFIED_SHELL) ?? firstThatStarts(VERIFIED_SHELL, await existingOf(onPath(SHELL_NAMES)));
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
  return existingOf([...onPath(PATH_NAMES), ...DESKTOP_PATHS, await playwrightPath()]);
}

/** @param {readonly string[]} names */
function onPath(names) {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return names.flatMap((name) => folders.map((folder) => join(folder, name)));
}

/** @param {readonly (string | undefined)[]} paths */
async function existingOf(paths) {
  /** @type {string[]} */
  const existing = [];
  for (const path of paths) {
    if (path !== undefined && !existing.includes(path) && (await isExecutable(path))) existing.push(path);
  }
  return existing;
}

/**
 * @param {string} variable Where it is remembered.
 * @param {readonly string[]} paths
 * @returns {Promise<Chromium | undefined>}
 */
async function firstThatStarts(variable, paths) {
  for (const path of paths) {
    const { chromium, failure } = await tryStart(path);
    if (chromium !== undefined) return remember(variable, chromium);
    console.error(`${path} does not start: ${failure}`);
  }
  return undefined;
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
export async function isExecutable(path) {
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

/**
 * @param {string} variable
 * @param {Chromium} chromium
 */
function remember(variable, chromium) {
  process.env[variable] = JSON.stringify(chromium);
  return chromium;
}

/**
 * @param {string} variable
 * @returns {Chromium | undefined}
 */
function readVerified(variable) {
  const text = process.env[variable];
  return text === undefined ? undefined : JSON.parse(text);
}
