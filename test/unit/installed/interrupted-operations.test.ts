/** The page ends, or the store fails, at every single operation of the store: the next start has the old or the new, whole. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { ABANDONED_MILLISECONDS } from "../../../src/host/installed/install-locks.js";
import type { InstallStore } from "../../../src/host/installed/install-store.js";
import { memoryInstallStore } from "../../../src/host/installed/memory-install-store.js";
import type { PluginInstallerOptions } from "../../../src/host/installed/installer-options.js";
import type { PluginInstaller } from "../../../src/host/installed/plugin-installer.js";
import type { PluginPackage } from "../../../src/package/plugin-package.js";
import { type Ending, endingStore, ID, installerOf, loadable, pluginPackage, sourceOf } from "./install-fixture.js";

interface Operation {
  readonly name: string;
  readonly offered: readonly string[];
  /** Brings the store to where the operation begins. */
  readonly before: (installer: PluginInstaller, offered: PluginPackage[], packages: readonly PluginPackage[]) => Promise<unknown>;
  readonly work: (installer: PluginInstaller) => Promise<unknown>;
  readonly old: string | undefined;
  readonly next: string | undefined;
}

const installOne: Operation["before"] = async (installer, offered, [first]) => {
  if (first !== undefined) offered.push(first);
  await installer.install(ID);
};
const installAll: Operation["before"] = async (installer, offered, packages) => {
  for (const one of packages) {
    offered.push(one);
    await installer.install(ID);
  }
};

const operations: readonly Operation[] = [
  { name: "the first installation", offered: ["1.0.0"], before: async (_installer, offered, packages) => offered.push(...packages), work: (installer) => installer.install(ID), old: undefined, next: "1.0.0" },
  { name: "an update", offered: ["1.0.0", "2.0.0"], before: async (installer, offered, packages) => {
    await installOne(installer, offered, packages);
    offered.push(...packages.slice(1));
  }, work: (installer) => installer.update(ID), old: "1.0.0", next: "2.0.0" },
  { name: "an update that lets the oldest version go", offered: ["1.0.0", "2.0.0", "3.0.0"], before: async (installer, offered, packages) => {
    await installAll(installer, offered, packages.slice(0, 2));
    offered.push(...packages.slice(2));
  }, work: (installer) => installer.update(ID), old: "2.0.0", next: "3.0.0" },
  { name: "a roll-back", offered: ["1.0.0", "2.0.0"], before: installAll, work: (installer) => installer.rollBack(ID), old: "2.0.0", next: "1.0.0" },
  { name: "an uninstallation that keeps data", offered: ["1.0.0", "2.0.0"], before: installAll, work: (installer) => installer.uninstall(ID, { data: "keep" }), old: "2.0.0", next: undefined },
  { name: "an uninstallation with its data", offered: ["1.0.0", "2.0.0"], before: installAll, work: (installer) => installer.uninstall(ID, { data: "delete" }), old: "2.0.0", next: undefined },
];

/** The data of the plugin, as a store of grants that one can count. */
function dataOf(): { readonly options: Pick<PluginInstallerOptions, "data">; isThere: boolean } {
  const kept = {
    isThere: true,
    options: { data: { grants: { revoke: async () => {
      kept.isThere = false;
      return true;
    } }, keyvalue: null, cache: null } },
  };
  return kept;
}

const packages = new Map<string, Promise<PluginPackage>>();

/** Signed once: there are hundreds of runs. */
function packageOf(version: string): Promise<PluginPackage> {
  const known = packages.get(version) ?? pluginPackage({ version });
  packages.set(version, known);
  return known;
}

async function prepared(operation: Operation, data: Pick<PluginInstallerOptions, "data">) {
  const store = memoryInstallStore();
  const offered: PluginPackage[] = [];
  const packages = await Promise.all(operation.offered.map(packageOf));
  const { installer } = await installerOf([sourceOf(offered)], { store, ...data });
  await operation.before(installer, offered, packages);
  return { store, offered, run: async (view: InstallStore) => {
    const struck = await installerOf([sourceOf(offered)], { store: view, ...data });
    await struck.installer.recover();
    return operation.work(struck.installer);
  } };
}

/** The next start: it tidies, and then everything is as it must be. */
async function expectWhole(operation: Operation, store: InstallStore, offered: PluginPackage[], data: ReturnType<typeof dataOf>, what: string): Promise<void> {
  const { installer, problems } = await installerOf([sourceOf(offered)], { store, ...data.options });
  const found = await loadable(store);
  expect([operation.old, operation.next], what).toContain(found);
  await installer.recover();
  expect(problems, what).toEqual([]);
  expect(await loadable(store), what).toBe(found);
  await expectNoLeftovers(store, what);
  // A deletion that has begun is finished at the next start: nobody may be left with data of what is gone.
  if (operation.name.endsWith("with its data")) expect(data.isThere, what).toBe(found !== undefined);
  // And the operation can be done again, or is done.
  if (found === operation.old && found !== operation.next) await operation.work(installer);
  expect(await loadable(store), what).toBe(operation.next);
  await expectNoLeftovers(store, what);
}

async function expectNoLeftovers(store: InstallStore, what: string): Promise<void> {
  const { records, files } = await store.state();
  expect([...records.keys()].filter((name) => name !== `plugin:${ID}`), what).toEqual([]);
  const record = records.get(`plugin:${ID}`) as { active: { files: { sha256: string }[] } | null; previous: { files: { sha256: string }[] } | null } | undefined;
  const needed = new Set([record?.active, record?.previous].flatMap((version) => version?.files.map(({ sha256 }) => sha256) ?? []));
  expect([...files].sort(), what).toEqual([...needed].sort());
}

async function strike(operation: Operation, last: number, ending: Ending): Promise<boolean> {
  vi.useRealTimers();
  const data = dataOf();
  const { store, offered, run } = await prepared(operation, data.options);
  const view = endingStore(store, last, ending);
  const done = run(view).then(() => "done" as const, (error: { code?: string }) => error.code);
  const outcome = await Promise.race([done, view.ended.then(() => "ended" as const)]);
  // Without locks, which browsers have, only time tells that a page is gone.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ABANDONED_MILLISECONDS + 1 });
  const what = `${operation.name}: the page ${ending} at operation ${last} (${String(outcome)})`;
  if (ending === "fails") expect(["done", "storage-failed"], what).toContain(outcome);
  await expectWhole(operation, store, offered, data, what);
  return view.operations() >= last;
}

afterEach(() => vi.useRealTimers());

describe.each(operations)("$name", (operation) => {
  it.each(["before", "after", "fails"] as const)("leaves the old or the new when the page ends %s each operation of the store", async (ending) => {
    let last = 1;
    while (await strike(operation, last, ending)) last += 1;
    // There was something to interrupt.
    expect(last).toBeGreaterThan(4);
  });
});
