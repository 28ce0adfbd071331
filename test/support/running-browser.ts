/** Browsers that can be killed like any process, on a profile that outlives them. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chromium, type Page } from "@playwright/test";
import type { TestServer } from "./browser-test.js";
import { findChromium, launchOptions } from "./chromium.mjs";

export interface RunningBrowser {
  readonly page: Page;
  kill(): Promise<void>;
}

/** Starts a browser on the profile in the folder `profile`, with a page of the test server. */
export async function startBrowser(profile: string, server: TestServer): Promise<RunningBrowser> {
  const found = await findChromium();
  if (found === undefined) throw new Error("no Chromium was found");
  const { executablePath, chromiumSandbox } = launchOptions(found);
  const options = ["--headless=new", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "--no-first-run", ...(chromiumSandbox ? [] : ["--no-sandbox"]), "about:blank"];
  const running = spawn(executablePath, options, { stdio: ["ignore", "ignore", "pipe"] });
  const browser = await chromium.connectOverCDP(await debuggerAddress(running));
  const page = browser.contexts()[0]?.pages()[0] ?? (await browser.newPage());
  await page.goto(server.url("pages/blank.html"));
  return {
    page,
    kill: async () => {
      const ended = once(running, "exit");
      running.kill("SIGKILL");
      await ended;
      await browser.close().catch(() => undefined);
    },
  };
}

async function debuggerAddress(running: ChildProcess): Promise<string> {
  let text = "";
  for await (const part of running.stderr ?? []) {
    text += String(part);
    const address = /ws:\/\/\S+/.exec(text)?.[0];
    if (address !== undefined) return address;
  }
  throw new Error(`the browser did not start: ${text}`);
}
