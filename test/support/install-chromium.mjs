/** Installs a Chromium where there is none: for the test runner, the demo's screenshots and the benchmark. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { findChromium, findHeadlessShell, isExecutable } from "./chromium.mjs";

/** @typedef {import("./chromium.mjs").Chromium} Chromium */

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
 * A headless shell, installed by apt as root where the distribution has one. Specs that may run in either run in the
 * whole browser where there is none.
 *
 * @returns {Promise<Chromium | undefined>}
 */
export async function ensureHeadlessShell() {
  const found = await findHeadlessShell();
  if (found !== undefined || (process.env["PORTCULLIS_CHROMIUM"] ?? "") !== "") return found;
  return (await installFromDistribution("chromium-headless-shell")) ? findHeadlessShell() : undefined;
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
  console.log("Playwright's Chromium cannot be had here: installing the distribution's with apt");
  return installFromDistribution("chromium");
}

/**
 * @param {string} name
 * @returns {Promise<boolean>} whether apt reported success; it is asked as root alone
 */
async function installFromDistribution(name) {
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !(await isExecutable("/usr/bin/apt-get"))) return false;
  return (await runVisibly("/usr/bin/apt-get", ["update"])) && (await runVisibly("/usr/bin/apt-get", ["install", "-y", "--no-install-recommends", name]));
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

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log((await ensureChromium()).executablePath);
}
