/** Loading: its progress, many at once, and what is left afterwards. */
import { readFile } from "node:fs/promises";
import type { LoadProgress } from "../../src/index.js";
import type { Manifest } from "../../src/package/manifest.js";
import { fixturePath } from "../fixtures/index.js";
import { expect, test } from "../support/browser-test.js";
import { expectNothingLeft, type LoadResult, packagedDescriptor, PluginPage, publisherKey } from "../support/plugin-page.js";
import { changedPackage, packedManifest, putRegistry } from "../support/test-registry.js";

const registry = "../packages/registry/index.json";

const changed = (id: string, change: Partial<Manifest> = {}) =>
  changedPackage("small-c", { manifest: (manifest) => ({ ...manifest, id, ...change }) });

test.describe("progress", () => {
  const phasesOf = (loaded: LoadResult) => loaded.progress.map(({ phase }) => phase).filter((phase, index, all) => phase !== all[index - 1]);

  test("of a package: every phase in order, and every byte", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const loaded = await plugins.loadPackaged("types-rust");
    expect(phasesOf(loaded).filter((phase) => phase !== "download" && phase !== "verify")).toEqual(["resolve", "cache", "compile", "instantiate", "ready"]);
    const { files } = await packedManifest("types-rust");
    const used = files.filter(({ path }) => !path.includes("browser-jspi"));
    const downloads = loaded.progress.filter((step): step is LoadProgress & { phase: "download" } => step.phase === "download");
    for (const { path, size } of used) {
      const steps = downloads.filter(({ file }) => file === path);
      const counts = steps.map(({ loadedBytes }) => loadedBytes);
      expect(counts, path).toEqual([...counts].sort((a, b) => a - b));
      expect(counts.at(-1), path).toBe(size);
      expect(steps.every(({ totalBytes }) => totalBytes === size), path).toBe(true);
    }
    expect([...new Set(downloads.map(({ file }) => file))].sort()).toEqual(used.map(({ path }) => path).sort());
    expect(loaded.report?.downloadedBytes).toBe(used.reduce((sum, { size }) => sum + size, 0));
    // A report adds up: its phases are parts of the whole, each once.
    const phases = loaded.report?.phases ?? [];
    expect(new Set(phases.map(({ phase }) => phase)).size).toBe(phases.length);
    expect(phases.map(({ phase }) => phase)).toEqual(expect.arrayContaining(["resolve", "download", "verify", "cache", "compile", "instantiate"]));
    expect(phases.every(({ milliseconds }) => milliseconds >= 0)).toBe(true);
    expect(phases.reduce((sum, { milliseconds }) => sum + milliseconds, 0)).toBeLessThanOrEqual((loaded.report?.totalMilliseconds ?? 0) + 1);
  });

  test("of a component: it is transpiled", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const loaded = await plugins.loadComponent("types-rust");
    const after = phasesOf(loaded).slice(phasesOf(loaded).indexOf("cache"));
    expect(after).toEqual(["cache", "verify", "transpile", "compile", "instantiate", "ready"]);
    expect(loaded.report?.downloadedBytes).toBe((await readFile(fixturePath("types-rust"))).length);
  });

  test("of a load that fails ends where it failed", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const index = await putRegistry(server, "new", [await changed("acme.new", { minimumHost: "99.0.0" })]);
    const loaded = await plugins.loadPackaged("small-c", { id: "acme.new", source: { index } });
    expect(phasesOf(loaded)).toEqual(["resolve", "verify"]);
  });

  test("a listener that throws is reported to the page and disturbs nothing", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const descriptor = await packagedDescriptor("small-c");
    const value = await plugins.run(async ({ plugins: modules, portcullis }, [given, key, index]) => {
      const reported: string[] = [];
      addEventListener("error", (event) => { reported.push(event.message); event.preventDefault(); });
      const host = modules.createHost(portcullis, { sources: [portcullis.urlSource(index)], trust: portcullis.trustKeys([key]) });
      const handle = await host.load("fixture.small-c", portcullis.defineInterface(given), { onProgress: () => { throw new Error("the app's mistake"); } });
      return [await handle.call("add", [1, 2]), reported.length > 0, new Set(reported).size] as unknown[];
    }, [descriptor, await publisherKey(), registry] as const);
    expect(value).toEqual([3, true, 1]);
  });
});

test.describe("the host's end", () => {
  test("disposing a host disposes its plugins, and it loads no more", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const [key, descriptor] = [await publisherKey(), await packagedDescriptor("small-c")];
    const seen = await plugins.run(async ({ plugins: modules, portcullis }, [trusted, given, index]) => {
      const host = modules.createHost(portcullis, { sources: [portcullis.urlSource(index)], trust: portcullis.trustKeys([trusted]) });
      const load = () => host.load("fixture.small-c", portcullis.defineInterface(given));
      const code = (work: Promise<unknown>) => work.then(() => "answered", (error: { code: string }) => error.code);
      const [one, two] = [await load(), await load()];
      await host.dispose();
      await Promise.all([one.closed, two.closed]);
      const codes = [await code(one.call("add", [1, 2])), await code(two.call("add", [1, 2])), await code(load())];
      await host.dispose();
      return codes;
    }, [key, descriptor, registry] as const);
    expect(seen).toEqual(["closed", "closed", "closed"]);
    await expectNothingLeft(plugins);
  });

  test("a load that runs while its host is disposed ends, and leaves nothing", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const [key, descriptor] = [await publisherKey(), await packagedDescriptor("small-c")];
    for (const phase of ["resolve", "cache", "compile", "instantiate", "ready"]) {
      const code = await plugins.run(async ({ plugins: modules, portcullis }, [trusted, given, index, when]) => {
        const host = modules.createHost(portcullis, { sources: [portcullis.urlSource(index)], trust: portcullis.trustKeys([trusted]) });
        const onProgress = (step: { phase: string }) => step.phase === when && void host.dispose();
        return host.load("fixture.small-c", portcullis.defineInterface(given), { onProgress }).then(() => "loaded", (error: { code: string }) => error.code) as unknown;
      }, [key, descriptor, registry, phase] as const);
      expect(code, phase).toBe("closed");
      await expectNothingLeft(plugins);
    }
  });

  test("many loads at once, of one plugin and of several, share nothing and leave nothing", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const names = ["small-c", "types-rust", "trap", "loop", "small-c", "types-rust", "small-c"] as const;
    const descriptors = await Promise.all(names.map((name) => packagedDescriptor(name)));
    const seen = await plugins.run(async ({ plugins: modules, portcullis }, [given, wanted, key, index]) => {
      const host = modules.createHost(portcullis, { sources: [portcullis.urlSource(index)], trust: portcullis.trustKeys([key]) });
      const handles = await Promise.all(given.map((name, position) => host.load(`fixture.${name}`, portcullis.defineInterface(wanted[position]))));
      const answers = await Promise.all(handles.map((handle, position) => (given[position] === "types-rust" ? handle.call("echoU8", [position]) : handle.call("add", [position, 100]))));
      // Each has an instance of its own: ending one ends no other.
      await handles[0].dispose();
      const after = await handles[4].call("add", [1, 1]);
      await host.dispose();
      return [answers, after, new Set(handles.map((handle) => handle.report.sandbox)).size] as unknown[];
    }, [names, descriptors, await publisherKey(), registry] as const);
    expect(seen).toEqual([[100, 1, 102, 103, 104, 5, 106], 2, 1]);
    await expectNothingLeft(plugins);
  });
});
