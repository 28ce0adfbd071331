import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createLocalExecutor, type LocalExecutor } from "../../../src/node/executor/local-executor.js";
import { encodeResult, STORE } from "./echo-plugin.js";
import { runningBridge } from "./running-bridge.js";

const RUNNER = fileURLToPath(new URL("../../../src/node/python/runner.py", import.meta.url));
const MISSING = spawnSync("python3", ["--version"]).status === 0 ? undefined : "there is no python3: install it to test Python plugins behind a bridge";

async function pythonBridge() {
  let executor: LocalExecutor | undefined;
  const bridge = await runningBridge({ executor: (catalogue, log) => (executor = createLocalExecutor({ catalogue, log, isolation: "none", runtimes: { pythonRunner: RUNNER } })) });
  return { ...bridge, local: () => executor?.running };
}

describe.skipIf(MISSING !== undefined)(MISSING ?? "a Python plugin behind a bridge", () => {
  test("answers calls, streams, and is ended by its page", async () => {
    const { connect, plugin, local, until, metric } = await pythonBridge();
    const client = await connect();
    const instance = await client.opened(plugin);
    const data = new Uint8Array(1_000_000).map((_, index) => index);
    expect(Buffer.compare((await client.result(instance, "echo", data)) as Uint8Array, data)).toBe(0);
    const stream = await client.result(instance, "ticks", 3n);
    expect(await client.result(instance, "[method]ticks-stream.next", stream)).toBe(0n);
    client.send({ tag: "drop", val: { instance, call: 900, resource: stream as number } });
    expect((await client.answer(instance, 900)).tag).toBe("ok");
    expect(await metric("portcullis_bridge_executor_running")).toBe(1);
    client.send({ tag: "close", val: { instance } });
    await until(() => local() === 0);
  });

  test("calls its app under its grants, and tells of its output", async () => {
    const { connect, plugin } = await pythonBridge();
    const client = await connect();
    const instance = await client.opened(plugin, { grants: [`host:${STORE}#label?path=/notes/*`, "stdout"] });
    const call = client.begin(instance, "tell", ["/notes/today"]);
    const { id } = (await client.frame("host-call")).val;
    client.send({ tag: "host-answer", val: { instance, id, answer: { tag: "ok", val: encodeResult("label", "ok", "milk") } } });
    expect(await client.answer(instance, call)).toEqual({ tag: "ok", val: encodeResult("tell", "ok", "milk") });
    await client.result(instance, "print", "hello");
    expect((await client.frame("event")).val.event).toMatchObject({ tag: "output", val: { stream: "stdout", text: expect.stringContaining("hello") as string } });
    // Denied here: the page is not asked.
    expect(await client.call(instance, "tell", "/secrets/key")).toEqual({ tag: "denied", val: { authority: "host", import: `${STORE}#label` } });
    expect((await client.ended(instance)).code).toBe("capability-denied");
    expect(client.frames.filter(({ tag }) => tag === "host-call")).toHaveLength(1);
  });

  test("is killed at a deadline, and may die, which harms no other", async () => {
    const { connect, plugin, local, until } = await pythonBridge();
    const client = await connect();
    const [late, dying, living] = [await client.opened(plugin), await client.opened(plugin), await client.opened(plugin)];
    expect(await client.answer(late, client.begin(late, "rest", [600_000], 100))).toMatchObject({ tag: "failed", val: { code: "timeout" } });
    expect(await client.call(dying, "die")).toMatchObject({ tag: "failed", val: { code: "crashed" } });
    expect(await client.result(living, "check", "here")).toBe("here");
    await until(() => local() === 1);
    client.socket.terminate();
    await until(() => local() === 0);
  });
});
