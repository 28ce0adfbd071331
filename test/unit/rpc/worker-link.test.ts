import { describe, expect, it } from "vitest";
import type { PluginError } from "../../../src/errors/plugin-error.js";
import type { HostCallRequest } from "../../../src/rpc/messages.js";
import type { SandboxWorker } from "../../../src/rpc/sandbox-worker.js";
import { WorkerLink } from "../../../src/rpc/worker-link.js";

/** A worker that says what the test says, as an attacker's does. */
class SpeakingWorker implements SandboxWorker {
  readonly takesModules = true;
  readonly heard: { readonly id?: string }[] = [];
  isTerminated = false;
  say: (message: unknown) => void = () => undefined;
  postMessage(message: unknown): void {
    this.heard.push(message as { readonly id?: string });
  }
  onMessage(listener: (message: unknown) => void): void {
    this.say = listener;
  }
  onFailure(): void {}
  terminate(): void {
    this.isTerminated = true;
  }
}

function linked(permits = true, actsBetweenCalls = false) {
  const worker = new SpeakingWorker();
  const served: HostCallRequest[] = [];
  const broken: PluginError[] = [];
  const link = new WorkerLink(worker, "acme.test", {
    onEvent: () => true,
    actsBetweenCalls,
    onHostCall: (request) => {
      served.push(request);
      return permits;
    },
    onBroken: (error) => void broken.push(error),
  });
  worker.say({ seal: { sealed: true } });
  const hostCall = (id: number) => worker.say({ hostCall: { id, operation: "handle.drop", arguments: [1] } });
  return { worker, link, served, broken, hostCall };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("host calls outside of any call of the plugin", () => {
  it("break the link: a guest that is not called does nothing", async () => {
    const { worker, served, broken, hostCall } = linked();
    await settled();
    hostCall(1);
    expect(served).toEqual([]);
    expect(worker.isTerminated).toBe(true);
    expect(broken.map(({ code }) => code)).toEqual(["sandbox-violation"]);
  });

  it("may give up what was collected, and not without end", async () => {
    const { served, broken, hostCall } = linked();
    await settled();
    for (let count = 0; count < 8_192; count += 1) hostCall(0);
    expect([served.length, broken.length]).toEqual([8_192, 0]);
    hostCall(0);
    expect([served.length, broken.length]).toEqual([8_192, 1]);
  });

  it("are those of a guest whose tasks go on after its calls", async () => {
    const { served, broken, hostCall } = linked(true, true);
    await settled();
    for (let count = 1; count < 10_000; count += 1) hostCall(count);
    expect([served.length, broken.length]).toEqual([9_999, 0]);
  });

  it("are counted from the last call", async () => {
    const { worker, link, served, broken, hostCall } = linked();
    await settled();
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 8_192; count += 1) hostCall(0);
      const answer = link.call({ target: "#go", arguments: [] }, []);
      hostCall(7);
      worker.say({ id: worker.heard.at(-1)?.id, type: "RAW", value: { kind: "ok", value: round } });
      expect(await answer).toEqual({ kind: "ok", value: round });
    }
    expect([served.length, broken.length]).toEqual([3 * 8_193, 0]);
  });
});

it("a host call that is not open to the worker breaks the link and fails the call", async () => {
  const { worker, link, hostCall } = linked(false);
  await settled();
  const answer = link.call({ target: "#go", arguments: [] }, []);
  hostCall(1);
  await expect(answer).rejects.toMatchObject({ code: "sandbox-violation" });
  expect(worker.isTerminated).toBe(true);
});

describe("answers that nothing waits for", () => {
  const answer = (id: unknown, value: unknown) => ({ id, type: "RAW", value: { kind: "ok", value } });

  it("break the link at the first: a flood of them would keep the page busy", async () => {
    const { worker, broken } = linked();
    await settled();
    for (let count = 0; count < 1_000; count += 1) worker.say(answer(`1-2-3-${count}`, "forged"));
    expect(worker.isTerminated).toBe(true);
    expect(broken.map(({ code }) => code)).toEqual(["sandbox-violation"]);
  });

  it("break the link when they are the second to one call, whose first stands", async () => {
    const { worker, link, broken } = linked();
    await settled();
    const call = link.call({ target: "#go", arguments: [] }, []);
    const id = worker.heard.at(-1)?.id;
    worker.say(answer(id, "first"));
    // As in a browser, where every message is a task of its own.
    await settled();
    worker.say(answer(id, "second"));
    expect(await call).toEqual({ kind: "ok", value: "first" });
    expect(broken.map(({ code }) => code)).toEqual(["sandbox-violation"]);
  });

  it("are not those to calls that were made at once and answered in another order", async () => {
    const { worker, link, broken } = linked();
    await settled();
    const calls = [1, 2, 3].map(() => link.call({ target: "#go", arguments: [] }, []));
    const ids = worker.heard.slice(-3).map(({ id }) => id);
    for (const id of ids.toReversed()) worker.say(answer(id, id));
    expect(await Promise.all(calls)).toEqual(ids.map((value) => ({ kind: "ok", value })));
    expect(broken).toEqual([]);
  });
});

it("a second claim that the sandbox is sealed breaks the link", async () => {
  const { worker, broken } = linked();
  await settled();
  worker.say({ seal: { sealed: true } });
  expect(broken.map(({ code }) => code)).toEqual(["sandbox-violation"]);
});
