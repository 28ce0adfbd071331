import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { executorFolder, HOSTILE_RUNNER, openExecutor, orderLimits, PYTHON, rejection, SHARED } from "./executor-fixture.js";
import { makePlugin, STORE } from "./plugin-fixture.js";

const MEBIBYTE = 1024 * 1024;

describe("a process that breaks the protocol is ended", () => {
  it.each([
    ["writes text to the protocol's descriptor", "garbage", /a frame of \d+ bytes/],
    ["claims a frame of 4 GiB", "huge_frame", /a frame of 4294967295 bytes, and at most/],
    ["answers a call that nobody made", "wrong_id", /answered call 2, which nobody made/],
    ["answers with what is no outcome", "odd_outcome", /something that is no answer/],
    ["sends a frame of an unknown kind", "unknown_kind", /kind 99/],
    ["says twice that it started", "start_again", /twice that it started/],
    ["calls an interface that it does not import", "ask_foreign acme:bank/transfers@1.0.0#pay", /acme:bank\/transfers@1\.0\.0#pay.*does not import/],
    ["calls a name that every object has", "ask_foreign __proto__", /__proto__.*does not import/],
    ["makes two host calls with one number", "ask_twice", /two host calls with the number 1/],
    ["sends a host call without a target", "ask_malformed", /without a target/],
    ["closes its descriptors and goes on", "close_descriptors", /closed its channel and went on/],
  ])("attack: it %s", async (_what, attack, message) => {
    const { start } = await openExecutor({ mode: SHARED });
    const instance = await start();
    const failure = await rejection(instance.run(attack));
    expect(failure).toMatchObject({ code: "sandbox-violation", stage: "call", message: expect.stringMatching(message) as string });
    expect(await instance.ended).toMatchObject({ code: "sandbox-violation" });
    expect(await rejection(instance.run("echo again"))).toMatchObject({ code: "sandbox-violation" });
    expect(instance.ends).toHaveLength(1);
  });

  it("attack: it answers a call twice, the second time to nobody", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    const instance = await start();
    expect(await instance.run("answer_twice")).toBe("first");
    expect(await instance.ended).toMatchObject({ code: "sandbox-violation", message: expect.stringContaining("which nobody made or which has its answer") as string });
  });

  it("attack: it calls a function of a granted interface that was not granted itself", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    const instance = await start({ grants: [`host:${STORE}#read`] });
    expect(await rejection(instance.run(`ask_foreign ${STORE}#write`))).toMatchObject({ code: "sandbox-violation" });
    expect(instance.hostCalls).toEqual([]);
  });

  it("attack: an order grants what the manifest does not ask for", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    expect(await rejection(start({ grants: ["host:acme:bank/transfers@1.0.0"] }).then((instance) => instance.run("ask_foreign acme:bank/transfers@1.0.0#pay")))).toMatchObject({ code: "sandbox-violation" });
    expect(await rejection(start({ grants: ["everything"] }))).toMatchObject({ code: "capability-unknown" });
    // It imports the interface, and its manifest asks for nothing.
    const modest = await openExecutor({ mode: SHARED, plugin: await makePlugin({ manifest: { capabilities: [] } }) });
    const instance = await modest.start({ grants: [`host:${STORE}`, "stdout"] });
    await instance.run("say stdout for nobody");
    expect(await rejection(instance.run("ask path"))).toMatchObject({ code: "sandbox-violation" });
    expect([instance.hostCalls, instance.events]).toEqual([[], []]);
  });

  it("attack: it makes host calls without end", async () => {
    const { start } = await openExecutor({ mode: SHARED, limits: { hostCalls: 8 } });
    const instance = await start();
    expect(await rejection(instance.run("ask_much 1000"))).toMatchObject({ code: "sandbox-violation", message: expect.stringContaining("more than 8 host calls") as string });
    expect(instance.hostCalls).toHaveLength(8);
  });

  it("attack: it answers with more than one message may have, as the order says", async () => {
    const { start } = await openExecutor({ mode: SHARED, limits: { messageBytes: 4 * MEBIBYTE } });
    const instance = await start(orderLimits({ messageBytes: MEBIBYTE }));
    expect(await instance.run(`large_answer ${MEBIBYTE - 100}`)).toHaveLength(MEBIBYTE - 100);
    expect(await rejection(instance.run(`large_answer ${2 * MEBIBYTE}`))).toMatchObject({ code: "sandbox-violation" });
    const another = await start();
    expect(await rejection(another.run(`large_answer ${5 * MEBIBYTE}`))).toMatchObject({ code: "sandbox-violation", message: expect.stringMatching(/a frame of \d+ bytes, and at most/) as string });
  });

  it.each([
    ["is no JSON", "{"],
    ["has no members", "[]"],
    ["has other members", '{"runtime":"x","metadata":{"trait":{},"methods":{}},"more":1}'],
    ["has metadata of another form", '{"runtime":"x","metadata":{"trait":{"a":1},"methods":{}}}'],
    ["is larger than anything that a start says", JSON.stringify({ runtime: "x".repeat(MEBIBYTE), metadata: {} })],
  ])("attack: what it says of its start %s", async (_what, text) => {
    const { start } = await openExecutor({ mode: SHARED });
    expect(await rejection(start({ config: JSON.stringify({ begin: "malformed", with: [text] }) }))).toMatchObject({ code: "sandbox-violation", stage: "instantiate" });
  });

  it("attack: what it says of its start has the names that every object has", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    const text = '{"runtime":"x","metadata":{"trait":{"__proto__":"x"},"methods":{"__proto__":{"constructor":"y"}}}}';
    await start({ config: JSON.stringify({ begin: "malformed", with: [text] }) });
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("x");
    expect({}.constructor).toBe(Object);
  });

  it("attack: its reason for not starting would be obeyed by a terminal", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    const failure = await rejection(start({ config: JSON.stringify({ begin: "failed", with: ["instantiate-failed", `\u001b]0;owned\u0007\u202e${"x".repeat(10_000)}`] }) }));
    expect(failure.message).not.toMatch(/\p{Cc}|\p{Cf}/u);
    expect(failure.message.length).toBeLessThan(5000);
  });

  it("attack: a process that waits for a plugin speaks first", async () => {
    // As if the runtime itself had been replaced.
    const runner = join(executorFolder(), "speaking-runner.py");
    writeFileSync(runner, readFileSync(HOSTILE_RUNNER, "utf8").replace("# What happens before it has started.", 'send(STARTED, 0, b"{}")'));
    const { start } = await openExecutor({ mode: SHARED, runtimes: { python: PYTHON, pythonRunner: runner } });
    try {
      expect(await rejection(start())).toMatchObject({ code: "sandbox-violation" });
    } finally {
      rmSync(runner);
    }
  });
});

describe("a process that sends little at a time", () => {
  it("attack: it answers in pieces of one byte", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    const instance = await start();
    const answer = await instance.call("crumbs 3000");
    expect("bytes" in answer && answer.bytes.length).toBe(2999);
    expect(await instance.run("echo whole")).toBe("whole");
  });

  it("attack: it writes its output in pieces of one byte, and fills the operator's log with them", async () => {
    const { start, log } = await openExecutor({ mode: SHARED });
    const instance = await start({ ...orderLimits({ logBytes: 10_000 }), grants: [] });
    expect(await instance.run("dribble 500")).toBe("dribbled");
    await instance.end();
    expect(log.filter(({ event }) => event === "output").length).toBeLessThanOrEqual(Math.ceil(10_000 / 256));
  });
});

describe("a process that does not answer", () => {
  it("attack: it never starts", async () => {
    const { start, executor } = await openExecutor({ mode: SHARED });
    const failure = await rejection(start({ ...orderLimits({ instantiateMilliseconds: 300 }), config: '{"begin":"silent"}' }));
    expect(failure).toMatchObject({ code: "timeout", stage: "instantiate" });
    expect(executor.running).toBe(0);
  });

  it("attack: it never answers a call, and those behind it fail with it", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    const instance = await start();
    const [stuck, waiting] = [rejection(instance.run("slow 60", 300)), rejection(instance.run("echo late"))];
    expect(await stuck).toMatchObject({ code: "timeout", stage: "call", message: expect.stringContaining("300 ms") as string });
    expect(await waiting).toMatchObject({ code: "timeout" });
    expect(await instance.ended).toMatchObject({ code: "timeout" });
  });

  it("attack: it never drops a resource, and a caller asks for more time than there is", async () => {
    const { start } = await openExecutor({ mode: SHARED, limits: { callMilliseconds: 300 } });
    for (const milliseconds of [Number.POSITIVE_INFINITY, Number.NaN, -5, 1e9]) {
      expect(await rejection((await start()).run("slow 60", milliseconds))).toMatchObject({ code: "timeout" });
    }
  });

  it("attack: it stops reading, and what waits for it is bounded", async () => {
    const { start } = await openExecutor({ mode: SHARED, limits: { messageBytes: MEBIBYTE, callMilliseconds: 500 } });
    const instance = await start();
    expect(await instance.run("stop_reading")).toBe("stopped");
    const calls = Array.from({ length: 50 }, () => rejection(instance.run(`echo ${"x".repeat(MEBIBYTE - 100)}`)));
    for (const failure of await Promise.all(calls)) expect(failure).toMatchObject({ code: "timeout" });
  });
});

describe("a process that ends", () => {
  it.each([
    ["SIGSEGV", "crashed", /was ended by SIGSEGV/],
    ["SIGABRT", "crashed", /was ended by SIGABRT/],
    ["SIGKILL", "crashed", /SIGKILL, which the executor did not send/],
    ["SIGXCPU", "timeout", /all of the 3600 seconds of processor time/],
  ])("attack: it ends itself by %s during a call", async (signal, code, message) => {
    const { start } = await openExecutor({ mode: SHARED });
    const instance = await start();
    expect(await rejection(instance.run(`crash ${signal}`))).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(await instance.ended).toMatchObject({ code });
  });

  it("attack: it exits, and claims that its memory was short", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    const instance = await start({ grants: [] });
    const failure = await rejection(instance.run("die_saying fatal: memory allocation of 4096 bytes failed"));
    expect(failure).toMatchObject({ code: "crashed", message: expect.stringMatching(/exited with code 3\. It says that it ran out of memory/) as string });
    // Not a word of its own, which was not granted.
    expect(failure.message).not.toContain("4096");
  });

  it("attack: it exits before it started", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    expect(await rejection(start({ config: '{"begin":"dead","with":[7]}' }))).toMatchObject({ code: "instantiate-failed", message: expect.stringContaining("exited with code 7") as string });
  });

  it("attack: it uses the processor without end", async () => {
    const { start } = await openExecutor({ mode: SHARED, limits: { processorSeconds: 1 } });
    const instance = await start();
    expect(await rejection(instance.run("burn"))).toMatchObject({ code: "timeout", message: expect.stringContaining("all of the 1 seconds of processor time") as string });
  });
});

describe("a process that writes", () => {
  it("gives away what was granted, and tells its operator the rest", async () => {
    const { start, log } = await openExecutor({ mode: SHARED });
    const instance = await start({ grants: ["stdout"] });
    await instance.run("say stdout Grüße");
    await instance.run("say stderr for the operator");
    await expect.poll(() => instance.output("stdout")).toBe("Grüße");
    await expect.poll(() => log.filter(({ event }) => event === "output").map(({ fields }) => fields)).toEqual([{ plugin: "acme.attack", stream: "stderr", text: "for the operator" }]);
    expect(instance.output("stderr")).toBe("");
  });

  it("attack: it floods its output", async () => {
    const { start, log } = await openExecutor({ mode: SHARED });
    const instance = await start({ ...orderLimits({ logBytes: 1000 }), grants: ["stdout"] });
    expect(await instance.run("flood 4")).toBe("flooded");
    await expect.poll(() => instance.events.filter(({ kind }) => kind === "output-truncated")).toHaveLength(1);
    expect(instance.output("stdout")).toHaveLength(1000);
    await expect.poll(() => log.filter(({ event }) => event === "output").reduce((sum, { fields }) => sum + String(fields["text"]).length, 0)).toBe(1000);
    // It is read at its bound's rate, and a flood of more takes the caller's time, not the executor's memory.
    expect(await rejection(instance.run("flood 100000", 500))).toMatchObject({ code: "timeout" });
    expect(instance.output("stdout")).toHaveLength(1000);
  });

  it("attack: it floods while nobody takes anything", async () => {
    const { start } = await openExecutor({ mode: SHARED });
    const instance = await start({ grants: ["stdout"] });
    instance.executor.pause?.();
    const answer = instance.run("say stdout kept");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(instance.events).toEqual([]);
    instance.executor.resume?.();
    expect(await answer).toBe("said");
    await expect.poll(() => instance.output("stdout")).toBe("kept");
  });
});
