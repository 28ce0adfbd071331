/**
 * Bytes in bulk, in bounded memory. `PORTCULLIS_STREAM_MIB` sets how much goes through (default: 1024).
 * What is held is measured from outside, by the browser, for the page and for the plugin's worker: garbage is collected
 * before each sample, so that a sample shows what is kept and not what the engine has not looked at yet.
 */
import type { CDPSession, Page } from "@playwright/test";
import { expect, test } from "../support/browser-test.js";
import { loadPumps } from "../support/pumps-plugin.js";
import { PluginPage } from "../support/plugin-page.js";

const MIB = 2 ** 20;
const TOTAL = Number(process.env["PORTCULLIS_STREAM_MIB"] ?? 1024) * MIB;
const MOST_HELD = 64 * MIB;
const SAMPLES = 8;

for (const chunk of [64 * 1024, MIB]) {
  test(`a plugin produces ${TOTAL / MIB} MiB in chunks of ${chunk / 1024} KiB, and less than 64 MiB is held`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    await plugins.loadComponent("streams-rust");
    const { sample, held } = await heldMemory(page);
    const total = await plugins.run(async ({ plugins: modules }, [bytes, size, step]) => {
      const stream = await modules.handle("streams-rust").call("bytes", [BigInt(bytes), size]);
      let read = 0;
      let wrong = 0;
      let next = step;
      let number = 0;
      for await (const item of stream) {
        if (item[0] !== number % 256 || item[item.length - 1] !== number % 256) wrong += 1;
        number += 1;
        read += item.length;
        if (read < next) continue;
        next += step;
        await (globalThis as unknown as { sampleMemory(): Promise<void> }).sampleMemory();
      }
      return { read, wrong };
    }, [TOTAL, chunk, TOTAL / SAMPLES] as const);
    expect(total).toEqual({ read: TOTAL, wrong: 0 });
    await sample();
    console.log(`held at most ${(held() / MIB).toFixed(1)} MiB`);
    expect(held()).toBeLessThan(MOST_HELD);
    expect(await plugins.call("streams-rust", "live")).toEqual({ value: 0 });
  });
}

test(`a plugin reads a quarter of it from the app and gives it back, through a ReadableStream, in the same bound`, async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  expect((await loadPumps(plugins, server)).error).toBeUndefined();
  const { sample, held } = await heldMemory(page);
  const total = await plugins.run(async ({ plugins: modules }, [bytes, step]) => {
    const size = 256 * 1024;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let left = bytes; left > 0; left -= size) yield new Uint8Array(Math.min(size, left));
    }
    const copied = (await modules.handle("pumps-rust").call("copy", [source()])).readable() as ReadableStream<Uint8Array>;
    let read = 0;
    let next = step;
    await copied.pipeTo(new WritableStream({
      async write(item) {
        read += item.length;
        if (read < next) return;
        next += step;
        await (globalThis as unknown as { sampleMemory(): Promise<void> }).sampleMemory();
      },
    }));
    return read;
  }, [TOTAL / 4, TOTAL / 4 / SAMPLES] as const);
  expect(total).toBe(TOTAL / 4);
  await sample();
  console.log(`held at most ${(held() / MIB).toFixed(1)} MiB`);
  expect(held()).toBeLessThan(MOST_HELD);
});

/** Samples what the page and its workers hold beyond the first sample: heaps, and the buffers outside of them. */
async function heldMemory(page: Page): Promise<{ readonly sample: () => Promise<void>; readonly held: () => number }> {
  const session = await page.context().newCDPSession(page);
  const workers = await attachedWorkers(session);
  let least: number | undefined;
  let most = 0;
  const sample = async (): Promise<void> => {
    const used = (await heapBytes(session)) + (await workers());
    least ??= used;
    most = Math.max(most, used);
  };
  await sample();
  await page.exposeFunction("sampleMemory", sample);
  return { sample, held: () => most - (least ?? 0) };
}

async function heapBytes(session: Pick<CDPSession, "send">): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize, ...usage } = await session.send("Runtime.getHeapUsage");
  // Buffers are outside of the heap.
  return usedSize + usage.backingStorageSize + usage.embedderHeapUsedSize;
}

/** Asks each worker of the page for its heap, by the flat protocol that pages use for their workers. */
async function attachedWorkers(session: CDPSession): Promise<() => Promise<number>> {
  const ids = new Set<string>();
  session.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => {
    if (targetInfo.type === "worker") ids.add(sessionId);
  });
  await session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  const answers = new Map<number, (result: unknown) => void>();
  session.on("Target.receivedMessageFromTarget", ({ message }) => {
    const { id, result } = JSON.parse(message) as { readonly id?: number; readonly result?: unknown };
    if (id !== undefined) answers.get(id)?.(result);
  });
  let last = 0;
  const ask = (sessionId: string, method: string): Promise<unknown> => new Promise((resolve, reject) => {
    last += 1;
    answers.set(last, resolve);
    session.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id: last, method }) }).catch(reject);
  });
  return async () => {
    expect(ids.size, "the plugin's worker").toBeGreaterThan(0);
    const sizes = await Promise.all([...ids].map((id) => heapBytes({ send: (method: string) => ask(id, method) } as Pick<CDPSession, "send">)));
    return sizes.reduce((sum, size) => sum + size, 0);
  };
}
