import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommandLine } from "../../../src/cli/run.js";
import type { Terminal } from "../../../src/cli/terminal.js";
import { formatPublicKey } from "../../../src/trust/key-format.js";
import { BridgeClient, ORIGIN, TOKEN } from "./bridge-client.js";
import { PUBLISHER, writePackage } from "./echo-plugin.js";
import { MISSING_NATS, startNats } from "./nats-server.js";
import { temporaryDirectory } from "./running-bridge.js";

const KEY = formatPublicKey(PUBLISHER.publicKey);

/** Runs a command until `whileRunning` ends, which gets what was printed by then. */
async function portcullis(args: readonly string[], whileRunning: (printed: string) => Promise<void> = () => Promise.resolve()) {
  const written = { stdout: "", stderr: "" };
  let interrupt: () => void = () => undefined;
  const interrupted = new Promise<void>((resolve) => (interrupt = resolve));
  const failures: unknown[] = [];
  const terminal: Terminal = {
    stdout: {
      isTerminal: false,
      write: (text) => {
        written.stdout += text;
        void whileRunning(written.stdout).catch((error: unknown) => failures.push(error)).finally(interrupt);
      },
    },
    stderr: { isTerminal: false, write: (text) => void (written.stderr += text) },
    environment: {},
    waitForInterrupt: () => interrupted,
  };
  const code = await runCommandLine(args, terminal);
  expect(failures).toEqual([]);
  return { code, ...written, log: written.stderr.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as { event: string; part?: string }) };
}

async function setting() {
  const directory = await temporaryDirectory();
  const tokens = join(await temporaryDirectory(), "tokens");
  await writeFile(tokens, `${TOKEN}\n`);
  return { plugin: await writePackage(directory), directory, tokens };
}

describe("portcullis bridge", () => {
  test("bridges until it is told to stop, and then lets calls end", async () => {
    const { directory, tokens, plugin } = await setting();
    const { code, stdout, log } = await portcullis(["bridge", "--plugins", directory, "--trust", KEY, "--token-file", tokens, "--allow-origin", ORIGIN, "--listen", "127.0.0.1:0", "--json"], async (printed) => {
      const { url, port } = JSON.parse(printed) as { url: string; port: number };
      expect(url).toBe(`ws://127.0.0.1:${port}/`);
      const client = await BridgeClient.connect(url);
      client.send({ tag: "list", val: { request: 1 } });
      expect((await client.frame("listing")).val.plugins).toMatchObject([{ id: plugin.id }]);
      void client.closed.then(({ code: closed }) => expect(closed).toBe(1001));
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveProperty("port");
    expect(log.filter(({ part }) => part === undefined).map(({ event }) => event)).toEqual(["package-listed", "connection-opened", "draining", "connection-closed", "closed"]);
    // Found out at the start, not with the first plugin: who operates it wants to read how plugins are kept apart.
    expect(log.filter(({ part }) => part === "executor").map(({ event }) => event)).toEqual(["isolation"]);
  });

  test.each([
    [["--trust", KEY, "--token-file", "TOKENS", "--allow-origin", ORIGIN], "--plugins"],
    [["--plugins", "DIR", "--token-file", "TOKENS", "--allow-origin", ORIGIN], "--trust"],
    [["--plugins", "DIR", "--trust", KEY, "--allow-origin", ORIGIN], "--token-file"],
    [["--plugins", "DIR", "--trust", KEY, "--token-file", "TOKENS"], "--allow-origin"],
    [["--plugins", "DIR", "--trust", KEY, "--token-file", "TOKENS", "--allow-origin", "app.example.com"], "https://app.example.com"],
    [["--plugins", "DIR", "--trust", KEY, "--token-file", "TOKENS", "--allow-origin", ORIGIN, "--listen", "0.0.0.0:0"], "--behind-tls-proxy"],
    [["--plugins", "DIR", "--trust", KEY, "--token-file", "TOKENS", "--allow-origin", ORIGIN, "--isolation", "some"], "--isolation"],
    [["--plugins", "DIR", "--trust", KEY, "--token-file", "TOKENS", "--allow-origin", ORIGIN, "--warm", "many"], "--warm"],
    [["--plugins", "DIR", "--trust", KEY, "--token-file", "TOKENS", "--allow-origin", ORIGIN, "--executors", "nats://127.0.0.1:1", "--warm", "1"], "portcullis executor"],
    [["--plugins", "DIR", "--trust", KEY, "--token-file", "TOKENS", "--allow-origin", ORIGIN, "--executors", "http://127.0.0.1:1"], "nats://"],
    [["DIR"], "--plugins"],
  ])("refuses %j", async (args, advice) => {
    const { directory, tokens } = await setting();
    const given = args.map((argument) => argument.replace(/^DIR$/, directory).replace(/^TOKENS$/, tokens));
    const { code, stderr, stdout } = await portcullis(["bridge", ...given]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(advice);
  });

  test("keeps a key that it cannot read, and a port that is taken, apart from wrong usage of itself", async () => {
    const { directory, tokens } = await setting();
    const rest = ["--token-file", tokens, "--allow-origin", ORIGIN, "--listen", "127.0.0.1:0"];
    expect((await portcullis(["bridge", "--plugins", directory, "--trust", "nowhere.pub", ...rest])).code).toBe(1);
    expect((await portcullis(["bridge", "--plugins", join(directory, "nowhere"), "--trust", KEY, ...rest])).code).toBe(1);
  });
});

describe.skipIf(MISSING_NATS !== undefined)(MISSING_NATS ?? "portcullis executor", () => {
  test("takes the orders of a bridge over NATS, for what it has and trusts itself", async () => {
    const nats = await startNats();
    const { directory, tokens, plugin } = await setting();
    const other = await temporaryDirectory();
    await writePackage(other, { id: "acme.other" });
    const common = ["--trust", KEY, "--executors", nats.url];
    const executor = await portcullis(["executor", ...common, "--plugins", other, "--isolation", "none"], async () => {
      const bridge = await portcullis(["bridge", ...common, "--plugins", directory, "--token-file", tokens, "--allow-origin", ORIGIN, "--listen", "127.0.0.1:0", "--json"], async (printed) => {
        const client = await BridgeClient.connect((JSON.parse(printed) as { url: string }).url);
        expect(await client.ended(client.open(plugin))).toMatchObject({ code: "plugin-not-found", message: expect.stringContaining("this executor") as string });
      });
      expect(bridge.code).toBe(0);
    });
    expect(executor.code).toBe(0);
    expect(executor.log.filter(({ part }) => part === undefined).map(({ event }) => event)).toEqual(["package-listed", "draining", "closed"]);
  });

  test.each([[["--executors", "nats://127.0.0.1:1"], "--plugins"], [["--plugins", "DIR", "--trust", KEY], "--executors"], [["--plugins", "DIR", "--executors", "nats://127.0.0.1:1"], "--trust"]])("refuses %j", async (args, advice) => {
    const { directory } = await setting();
    const { code, stderr } = await portcullis(["executor", ...args.map((argument) => argument.replace(/^DIR$/, directory))]);
    expect(code).toBe(2);
    expect(stderr).toContain(advice);
  });
});
