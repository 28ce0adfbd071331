/* Makes many calls to plugins behind a bridge that fails all the time, and counts how each of them ended. */
import { load, plugins } from "./conformance-app.js";

/** How a call may end when processes, connections and bridges die: with its answer, or with one of these. */
const FAILURES = new Set(["bridge-disconnected", "bridge-unreachable", "bridge-refused", "crashed", "timeout", "trap", "closed", "plugin-stopped", "busy", "resource-invalid", "instantiate-failed"]);

/** Loads `name`, again and again while the bridge is away. */
export async function loadPersistently(request) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { error } = await load(request);
    if (error === undefined) return undefined;
    if (!FAILURES.has(error.code)) return error;
  }
  return { code: "gave-up" };
}

/** What is called, and how its answer is known to be right. */
const CALLS = [
  async ({ handle }, text) => (await handle.call("echoText", [text])) === text,
  async ({ handle }, text) => (await handle.call("echoText", [text], { idempotent: true, timeoutMs: 20_000 })) === text,
  async ({ handle }, text) => (await handle.call("reverse", [new TextEncoder().encode(text)])).length === text.length,
  async ({ handle }, text, index) => (await handle.call("divide", [BigInt(index), 1n])) === BigInt(index),
  async ({ handle }) => (await handle.call("nextState", [])) >= 1,
  async (plugin, _text, index) => {
    const items = [];
    for await (const item of plugin.stream("count", [BigInt(index), undefined])) if (items.push(item) === 2) break;
    return items[0] === BigInt(index) && items[1] === BigInt(index + 1);
  },
];

/**
 * `count` calls, `atOnce` of them at a time.
 *
 * @returns how many ended in which way. A call that ended twice, or with an answer that is not its own, is told apart.
 */
export async function callMany({ count, atOnce, names }) {
  const ends = { answered: 0, wrong: 0, twice: 0, unknown: [], failures: {} };
  let next = 0;
  const one = async (index) => {
    const plugin = plugins.get(names[index % names.length]);
    let settled = 0;
    const settle = (end) => {
      settled += 1;
      if (settled > 1) ends.twice += 1;
      else end();
    };
    await CALLS[index % CALLS.length](plugin, `text ${index}`, index).then(
      (isRight) => settle(() => (isRight ? (ends.answered += 1) : (ends.wrong += 1))),
      (error) => settle(() => {
        if (!FAILURES.has(error.code)) ends.unknown.push(`${error.code}: ${error.message}`);
        ends.failures[error.code] = (ends.failures[error.code] ?? 0) + 1;
      }),
    );
    if (settled !== 1) ends.unknown.push(`call ${index} ended ${settled} times`);
  };
  const worker = async () => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return ends;
}

export async function disposeAll() {
  await Promise.all([...plugins.values()].map((plugin) => plugin.dispose()));
}
