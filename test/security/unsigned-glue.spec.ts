/** JavaScript that came in a package and that nobody trusted vouches for: it must never run, whatever it would do. */
import { expect, test } from "../support/browser-test.js";
import { createKey, forge, glueReplacement, serveArchive, serveRegistry, type SigningKey } from "../support/forged-package.js";
import { attackDescriptor, COMPONENT_ANSWER, glueThatEscapes, glueThatRuns, HOSTILE_ID, honestPackage } from "../support/hostile-plugin.js";
import { type LoadRequest, PluginPage } from "../support/plugin-page.js";

/** Glue that gives itself away wherever it runs: by its answer, by a message, and by what it asks the server for. */
function telltale(target: string): string {
  const tell = `try { postMessage({ event: { kind: "denied", authority: "glue", import: "it ran" } }); } catch {} import(${JSON.stringify(target)}).catch(() => 0);`;
  return glueThatEscapes(tell, `${tell} return "the shipped glue ran";`);
}

async function forgedPackage(glue: string, sign: readonly SigningKey[], staleKey = false): Promise<Map<string, Uint8Array>> {
  const honest = await honestPackage();
  const lie = (manifest: ReturnType<typeof JSON.parse>) => {
    const transpiled = manifest.transpiled.map((output: { key: object }) => ({ ...output, key: { ...output.key, transpilerVersion: "0.0.1" } }));
    return { ...manifest, transpiled: staleKey ? transpiled : manifest.transpiled };
  };
  return forge(honest, { replace: glueReplacement(honest, glue), sign, lie });
}

const SITUATIONS = ["unsigned", "signed by an unknown key", "signed by a trusted key for another compile key"] as const;

for (const situation of SITUATIONS) {
  for (const sandbox of ["policy-frame", "sandboxed-frame"] as const) {
    test(`${sandbox}: glue of a package that is ${situation} is never executed: the component is transpiled again`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const scripts: string[] = [];
      page.on("worker", (worker) => scripts.push(decodeURIComponent(worker.url())));
      const key = await createKey();
      const glue = telltale(server.url("cors/exfil/glue"));
      const sign = situation === "unsigned" ? [] : [key];
      const files = await forgedPackage(glue, sign, situation === SITUATIONS[2]);
      const trust: LoadRequest["trust"] = situation === SITUATIONS[2] ? { keys: [key.text] } : { unsigned: "a test of unsigned code", keys: [(await createKey()).text] };
      const request = { name: "attack", id: HOSTILE_ID, source: await serveArchive(server, files), descriptor: await attackDescriptor(), trust, host: { sandbox } };
      // The second time from the cache: what was stored must be what was transpiled here.
      for (const code of ["transpiled", "cache"]) {
        await expect.poll(async () => (await plugins.load(request)).report?.code).toBe(code);
        expect((await plugins.call("attack", "run")).value).toBe(COMPONENT_ANSWER);
      }
      expect((await plugins.events()).filter((event) => event["kind"] === "guest")).toEqual([]);
      expect((await server.requests()).filter(({ path }) => path.includes("exfil"))).toEqual([]);
      expect(scripts.filter((script) => script.includes("the shipped glue ran"))).toEqual([]);
    });
  }
}

test("control: the same glue does run where a trusted key signed it, and gives itself away", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const key = await createKey();
  const files = await forgedPackage(glueThatRuns('return "the shipped glue ran";'), [key]);
  const loaded = await plugins.load({ name: "attack", id: HOSTILE_ID, source: await serveArchive(server, files), descriptor: await attackDescriptor(), trust: { keys: [key.text] } });
  expect(loaded.report?.code).toBe("package");
  expect((await plugins.call("attack", "run")).value).toBe("the shipped glue ran");
});

test("glue that a trusted key signed is not handed from the cache to an app that does not trust that key", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const key = await createKey();
  const files = await forgedPackage(glueThatRuns('return "the shipped glue ran";'), [key]);
  const request = { name: "attack", id: HOSTILE_ID, source: await serveArchive(server, files), descriptor: await attackDescriptor() };
  expect((await plugins.load({ ...request, trust: { keys: [key.text] } })).report?.code).toBe("package");
  // Stored after the load: wait until it is there.
  await expect.poll(async () => (await plugins.load({ ...request, trust: { keys: [key.text] } })).report?.code).toBe("cache");
  const loaded = await plugins.load({ ...request, trust: { unsigned: "a test of unsigned code" } });
  expect(loaded.report?.code).toBe("transpiled");
  expect((await plugins.call("attack", "run")).value).toBe(COMPONENT_ANSWER);
});

test.describe(() => {
  // The browser reports the missing signature file on the console.
  test.use({ allowPageErrors: true });

  test("under trustKeys a package without a trusted signature does not load at all", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const [trusted, unknown] = [await createKey(), await createKey()];
    const glue = telltale(server.url("cors/exfil/glue"));
    for (const [sign, code] of [[[], "signature-missing"], [[unknown], "key-untrusted"]] as const) {
      const files = await forgedPackage(glue, sign);
      const request = { name: "attack", id: HOSTILE_ID, descriptor: await attackDescriptor(), trust: { keys: [trusted.text] } };
      expect((await plugins.load({ ...request, source: await serveArchive(server, files) })).error?.code).toBe(code);
      const registry = await serveRegistry(server, [{ listed: files, served: files }], trusted);
      expect((await plugins.load({ ...request, source: { index: registry.index } })).error?.code).toBe(code);
    }
    expect(page.workers()).toEqual([]);
    expect((await server.requests()).filter(({ path }) => path.includes("exfil"))).toEqual([]);
  });
});
