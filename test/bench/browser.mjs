/**
 * Starts a Chromium that nobody debugs. With the DevTools protocol's network domain on, as every Playwright page
 * has it, starting a worker from a data: URL of 950 KB takes 225 ms instead of 60, and each message costs more.
 */
import { spawn } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { once } from "node:events";
import { treeMemory } from "./process-memory.mjs";
import { ensureChromium } from "../support/install-chromium.mjs";

const FLAGS = [
  "--headless=new",
  "--disable-gpu",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-extensions",
  // A page that is left must be gone, with its process and its compiled code, before the next is measured.
  "--disable-back-forward-cache",
  "--disable-background-timer-throttling",
  "--disable-renderer-backgrounding",
];

/**
 * Opens `url` in a Chromium with an empty profile.
 *
 * @param {{ url: string, profile: string, swapHost: string }} options `swapHost` is made a name of the loopback.
 */
export async function openChromium({ url, profile, swapHost }) {
  const chromium = await ensureChromium();
  await rm(profile, { recursive: true, force: true });
  await mkdir(profile, { recursive: true });
  const sandbox = chromium.sandbox ? [] : ["--no-sandbox"];
  const flags = [...FLAGS, ...sandbox, `--user-data-dir=${profile}`, `--host-resolver-rules=MAP ${swapHost} 127.0.0.1`];
  const child = spawn(chromium.executablePath, [...flags, url], { stdio: "ignore" });
  const ended = once(child, "exit");
  return {
    version: chromium.version,
    /** What all of its processes take, in bytes; `null` where the system does not tell. */
    memoryBytes: () => treeMemory(child.pid),
    /** Rejects if the browser ends. */
    failure: ended.then(([code]) => {
      throw new Error(`Chromium ended with exit code ${code} before the benchmark did`);
    }),
    async close() {
      ended.catch(() => undefined);
      if (child.exitCode === null) child.kill();
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}
