/** `portcullis bridge` as the process that it is: what its surroundings may do to it. */
import { mkdir, readdir } from "node:fs/promises";
import { expect, test } from "@playwright/test";
import { WebSocket } from "ws";
import { BridgeProcess } from "../support/bridge-process.js";

const ORIGIN = "http://app.example.test";

const running = test.extend<{ readonly bridge: BridgeProcess; readonly temporaryFolder: string }>({
  temporaryFolder: async ({}, use, testInfo) => {
    const folder = testInfo.outputPath("temporary");
    await mkdir(folder, { recursive: true });
    await use(folder);
  },
  bridge: async ({ temporaryFolder }, use, testInfo) => {
    const plugins = testInfo.outputPath("plugins");
    await mkdir(plugins, { recursive: true });
    const bridge = await BridgeProcess.start({ origins: [ORIGIN], plugins, temporaryFolder });
    await use(bridge);
    await bridge.close();
  },
});

/** Connects as a page does, which the bridge notes in its log, and says how that ended. */
function connect(bridge: BridgeProcess): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(bridge.url, ["portcullis-wrong", "no-token"], { origin: ORIGIN });
    socket.once("open", () => resolve("open"));
    socket.once("unexpected-response", (_request, response) => resolve(`refused with ${response.statusCode}`));
    socket.once("error", (error) => resolve(error.message));
  });
}

/** It has what it runs plugins in: the folder that it must not leave. */
async function untilPrepared(temporaryFolder: string): Promise<void> {
  await expect.poll(() => readdir(temporaryFolder)).toHaveLength(1);
}

running("goes on when nobody reads its log any more, and leaves nothing behind when it ends", async ({ bridge, temporaryFolder }) => {
  await untilPrepared(temporaryFolder);
  bridge.loseLog();
  for (let attempt = 0; attempt < 3; attempt += 1) expect(await connect(bridge)).toMatch(/^refused with 4/);
  expect(bridge.ending).toBeNull();
  await bridge.end("SIGTERM");
  expect(bridge.ending).toBe(0);
  expect(await readdir(temporaryFolder)).toEqual([]);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  running(`ends in good order by ${signal}`, async ({ bridge, temporaryFolder }) => {
    await untilPrepared(temporaryFolder);
    await bridge.end(signal);
    expect(bridge.ending).toBe(0);
    expect(await readdir(temporaryFolder)).toEqual([]);
  });
}
