/* Loads notes-rust as an app does that implements what it imports, and has granted it. */
import { defineHostInterface, hostInterface } from "../dist/index.js";
import { loadFixture, PACKAGES, readFixture, readManifest } from "./fixture.js";

const STORE = "probe:notes/store@1.0.0";

/** What `now` answers, everywhere in this benchmark. */
export const NOW = 5n;

/** Two ways to implement it: an answer at once, and a promise of one. */
export const IMPLEMENTATIONS = { synchronous: () => NOW, asynchronous: async () => NOW };

const unused = () => {
  throw new Error("only `now` is measured");
};

/** What the guest imports. */
export const storeOf = (now) => ({
  now, read: unused, write: unused, echo: unused, checksum: unused, open: unused, share: unused,
  Cursor: class {
    next = unused;
    static close = unused;
  },
});

/** The target that a plugin with host functions has on a page of this kind; another would be another measurement. */
export const expectedTarget = () => (crossOriginIsolated ? "browser-sync" : "browser-jspi");

/** What the app has at hand before it loads anything. */
export async function readNotes() {
  return { fixture: await readFixture("notes-rust"), world: (await readManifest("notes-rust")).world };
}

/** @returns one host with one plugin, whose `now` is the implementation that was chosen last. */
export async function loadNotes({ fixture, world }, options = {}) {
  let now = IMPLEMENTATIONS.synchronous;
  const descriptor = defineHostInterface({ name: STORE, world });
  const imports = [hostInterface(descriptor, storeOf(() => now()), { documentation: "Says what time it is" })];
  const { host, handle } = await loadFixture(fixture, PACKAGES, { imports, grant: [`host:${STORE}`], ...options });
  const { target, sandbox } = handle.report;
  if (sandbox !== (options.sandbox ?? "policy-frame")) throw new Error(`the sandbox is ${sandbox}`);
  if (target !== expectedTarget()) throw new Error(`the plugin runs on ${target} and not on ${expectedTarget()}`);
  return { host, handle, implement: (implementation) => (now = implementation) };
}

/** Lets the guest make `count` host calls in one call of its own. */
export async function makeHostCalls(many, count) {
  const sum = await many(count);
  if (sum !== NOW * BigInt(count)) throw new Error(`${count} host calls of ${NOW} gave ${sum}`);
}
