/** The processes that the bridge's part measures: bridges as an operator starts them, and a WebSocket with nothing behind it. */
import { randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PACKAGES = join(ROOT, ".cache/packages");
const PLUGINS = join(PACKAGES, "bridge");
const FOLDER = join(ROOT, ".cache/bench/bridge");
const LOGGED_CHARACTERS = 4_000;

/** The runtimes of a bridge. Each has the plugin `fixture.conformance-<name>`, if what makes it was there. */
export const RUNTIMES = /** @type {const} */ (["native", "python"]);

/** @param {string} runtime */
export const isPacked = (runtime) => existsSync(join(PLUGINS, `fixture.conformance-${runtime}`));

/**
 * @typedef {object} BenchBridge
 * @property {string} url
 * @property {string} token
 * @property {number} pid
 * @property {(name: string) => Promise<number>} figure One of its metrics.
 * @property {() => string} log The end of what it logged.
 * @property {() => Promise<void>} end
 */

/**
 * @param {{ origin: string, isolation: string, warm: number }} options `warm`: processes that are kept ready for each plugin.
 * @returns {Promise<BenchBridge>}
 */
export async function startBridge({ origin, isolation, warm }) {
  const token = randomBytes(24).toString("hex");
  const tokens = join(FOLDER, `tokens-${isolation}-${warm}`);
  await mkdir(FOLDER, { recursive: true });
  await writeFile(tokens, `${token}\n`, { mode: 0o600 });
  const { port, ...started } = await startListening([
    join(ROOT, "dist/cli.js"), "bridge", "--json", "--plugins", PLUGINS, "--listen", "127.0.0.1:0", "--trust", join(PACKAGES, "publisher.pub"),
    "--token-file", tokens, "--allow-origin", origin, "--isolation", isolation, "--warm", String(warm),
  ], /"port":\s*(\d+)/);
  return { ...started, url: `ws://127.0.0.1:${port}/`, token, figure: (name) => readMetric(port, name) };
}

/** @returns {Promise<{ url: string, pid: number, end: () => Promise<void> }>} */
export async function startEcho() {
  const { port, ...started } = await startListening([fileURLToPath(new URL("echo-server.mjs", import.meta.url))], /^(\d+)$/m);
  return { ...started, url: `ws://127.0.0.1:${port}/` };
}

/**
 * @param {readonly string[]} command
 * @param {RegExp} announcement of its port, in what it prints
 * @returns {Promise<{ port: number, pid: number, log: () => string, end: () => Promise<void> }>}
 */
async function startListening(command, announcement) {
  const child = spawn(process.execPath, command, { stdio: ["pipe", "pipe", "pipe"] });
  const ended = once(child, "exit");
  let [printed, log] = ["", ""];
  // Only the end of it: a bridge has a line for each instance.
  child.stderr.setEncoding("utf8").on("data", (text) => (log = (log + text).slice(-LOGGED_CHARACTERS)));
  const listening = new Promise((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (text) => {
      printed = (printed + text).slice(-LOGGED_CHARACTERS);
      const port = announcement.exec(printed)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
  const port = await Promise.race([listening, ended.then(([code]) => {
    throw new Error(`${command.slice(0, 2).join(" ")} ended with ${code} before it listened: ${log || printed}`);
  })]);
  return {
    port,
    pid: child.pid ?? 0,
    log: () => log,
    end: async () => {
      child.stdin.end();
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/**
 * @param {number} port
 * @param {string} name
 */
async function readMetric(port, name) {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const value = text.split("\n").find((line) => line.startsWith(`portcullis_bridge_${name} `))?.split(" ")[1];
  if (value === undefined) throw new Error(`The bridge at port ${port} has no metric ${name}`);
  return Number(value);
}
