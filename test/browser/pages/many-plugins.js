/* More plugins on one page than the engine has memories for, called, killed, replaced and revoked at random. */
const POLICIES = [{ mayPutAway: true }, { mode: "per-call" }, { count: 2 }];
const EXPECTED = new Set(["trap", "aborted", "timeout", "plugin-stopped", "capability-revoked", "capability-denied", "closed"]);

/** Numbers from 0 to below 1, the same in every run: mulberry32. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns what came of every call: counts by outcome, and what must be none. */
export async function runMany(portcullis, { index, key, descriptors, plugins, milliseconds, seed, actors }) {
  const host = new portcullis.PluginHost({
    sources: [portcullis.urlSource(index)],
    trust: portcullis.trustKeys([key]),
    grant: ["log"],
    grantStore: null,
    limits: { callMilliseconds: 60_000 },
  });
  const next = random(seed);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const handles = [];
  // One in ten logs, which is taken back half-way.
  const names = ["trap", "logger"];
  const interfaces = Object.fromEntries(names.map((name) => [name, portcullis.defineInterface(descriptors[name])]));
  for (let loaded = 0; loaded < plugins; loaded += 10) {
    handles.push(...await Promise.all(Array.from({ length: 10 }, async (_, position) => {
      const name = names[position === 0 ? 1 : 0];
      return { name, handle: await host.load(`fixture.${name}`, interfaces[name], { version: "1.0.0", instances: pick(POLICIES), restart: { failures: 1_000 } }) };
    })));
  }
  const counts = { answered: 0, wrong: 0, unexpected: 0, replaced: 0 };
  const count = (name) => (counts[name] = (counts[name] ?? 0) + 1);
  const failed = (error) => count(portcullis.isPluginError(error) && EXPECTED.has(error.code) ? error.code : "unexpected");
  let revocations = 0;
  const end = performance.now() + milliseconds;

  async function callOnce() {
    const { name, handle } = pick(handles);
    const dice = next();
    try {
      if (name === "logger") {
        await handle.call("say", ["hello"]);
        return count("answered");
      }
      if (dice < 0.05) return await handle.replace({ version: pick(["1.0.0", "1.1.0"]) }).then(() => count("replaced"), (error) => (error.code === "busy" ? count("busy") : failed(error)));
      if (dice < 0.15) return await handle.call("countAndTrap", []);
      if (dice < 0.25) {
        const stopping = new AbortController();
        setTimeout(() => stopping.abort("a random kill"), next() * 20);
        await handle.call("add", [1, 2], { signal: stopping.signal });
        return count("answered");
      }
      const [left, right] = [Math.floor(next() * 1_000_000), Math.floor(next() * 1_000_000)];
      count((await handle.call("add", [left, right])) === left + right ? "answered" : "wrong");
    } catch (error) {
      failed(error);
    }
  }

  await Promise.all(Array.from({ length: actors }, async (_, actor) => {
    while (performance.now() < end) {
      await callOnce();
      if (actor === 0 && revocations === 0 && performance.now() > end - milliseconds / 2) {
        revocations += 1;
        await host.grants.revoke("fixture.logger", "log");
      }
    }
  }));
  // After all that, each of them still answers.
  for (const { name, handle } of handles) {
    if (name !== "logger") count((await handle.call("add", [40, 2])) === 42 ? "answered" : "wrong");
  }
  const busy = handles.filter(({ handle }) => handle.status.running + handle.status.waiting > 0).length;
  const stopping = handles.slice(0, 20).map(({ name, handle }) => (name === "logger" ? undefined : handle.call("add", [1, 1]).catch((error) => error.code)));
  await host.dispose();
  return { ...counts, busy, revocations, last: [...new Set(await Promise.all(stopping.filter((call) => call !== undefined)))] };
}
