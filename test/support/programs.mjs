/** Programs that some tests of the bridge use: installed where that is possible, and otherwise those tests are skipped. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Each with its package in Debian and Ubuntu, and what is not tested without it. */
const PROGRAMS = [
  { name: "bwrap", from: "bubblewrap", without: "instances in a sandbox" },
  { name: "nats-server", from: "nats-server", without: "executors over NATS" },
];

const FOLDERS = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];

/** @param {string} name */
const isThere = (name) => FOLDERS.some((folder) => folder !== "" && existsSync(join(folder, name)));

/** Installs what is missing with apt, as root on Debian and Ubuntu; says what will not be tested where it cannot. */
export async function ensurePrograms() {
  const missing = PROGRAMS.filter(({ name }) => !isThere(name));
  const canInstall = process.platform === "linux" && process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
  if (missing.length > 0 && canInstall) {
    await run("/usr/bin/apt-get", ["update"]);
    await run("/usr/bin/apt-get", ["install", "-y", "--no-install-recommends", ...missing.map(({ from }) => from)]);
  }
  for (const { name, from, without } of PROGRAMS) {
    if (!isThere(name)) console.log(`${name} is missing, so that ${without} will not be tested: install ${from}`);
  }
}

/**
 * @param {string} command
 * @param {string[]} commandArguments
 * @returns {Promise<void>} whatever became of it: what counts is whether the program is there
 */
function run(command, commandArguments) {
  return new Promise((resolve) => {
    const child = spawn(command, commandArguments, { stdio: "inherit", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
    child.on("error", () => resolve());
    child.on("exit", () => resolve());
  });
}
