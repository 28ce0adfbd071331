/** `load(id, descriptor, { config })`: checked before anything runs, delivered to every instance, and one load's own. */
import type { JsonValue } from "../../src/bytes/canonical-json.js";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { forge, packedFixture, publisherSigningKey, serveArchive } from "../support/forged-package.js";
import { expectNothingLeft, type LoadRequest, type LoadResult, packagedDescriptor, PluginPage } from "../support/plugin-page.js";

const SCHEMA: JsonValue = {
  type: "object",
  required: ["name"],
  properties: {
    name: { type: "string", minLength: 1, maxLength: 8 },
    size: { type: "integer", minimum: 1, maximum: 64, default: 5 },
    ratio: { type: "number" },
    quiet: { type: "boolean" },
    mode: { type: "string", enum: ["fast", "good"] },
    points: { type: "array", maxItems: 2, items: { type: "object", properties: { x: { type: "number" } }, required: ["x"] } },
  },
};

interface Loading extends Partial<LoadRequest> {
  readonly config?: unknown;
  readonly schema?: JsonValue | null;
  readonly capabilities?: readonly string[];
  readonly provide?: boolean;
}

/** Loads the guest of every authority, with a schema in its signed manifest. */
async function load(plugins: PluginPage, server: TestServer, name: string, { config, schema = SCHEMA, capabilities = ["config"], provide = false, ...request }: Loading = {}): Promise<LoadResult> {
  const key = await publisherSigningKey();
  const requested = capabilities.map((capability) => ({ capability, reason: "The fixture is configured", optional: false }));
  const files = await forge(await packedFixture("authority-rust"), {
    lie: (manifest) => ({ ...manifest, capabilities: requested, ...(schema === null ? {} : { config: schema }) }),
    sign: [key],
  });
  return plugins.load({
    name, id: "fixture.authority-rust",
    source: await serveArchive(server, files),
    descriptor: await packagedDescriptor("authority-rust"),
    trust: { keys: [key.text] },
    host: { grant: provide ? ["config"] : [], ...(provide ? { setup: { module: "authority-app.js", create: "createProvisions", argument: {} } } : {}) },
    ...(config === undefined ? {} : { load: { config } }),
    ...request,
  });
}

const all = async (plugins: PluginPage, name: string): Promise<unknown> => (await plugins.call(name, "run", ["config-all", []])).value;

test("two loads are configured differently, share no state, and are configured again when their instance has ended", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const first = await load(plugins, server, "one", { config: { name: "one", quiet: true, points: [{ x: 1.5 }] } });
  expect(first.error).toBeUndefined();
  expect(first.grants, "granted by giving it, whatever the list says").toEqual(["config"]);
  await load(plugins, server, "two", { config: { name: "two", size: 64, mode: "good", ratio: -0.5 } });
  for (let round = 0; round < 2; round += 1) {
    expect(await all(plugins, "one")).toBe('name=one\npoints=[{"x":1.5}]\nquiet=true\nsize=5');
    expect(await all(plugins, "two")).toBe("mode=good\nname=two\nratio=-0.5\nsize=64");
    expect((await plugins.call("one", "run", ["exit", ["1"]])).error?.code).toBe("exited");
  }
  const audit = (await plugins.run(({ plugins: modules }) => modules.hostOf("one").audit(), undefined)) as readonly Record<string, unknown>[];
  expect(audit.filter(({ kind }) => kind === "grant")).toMatchObject([{ capability: "config", granted: ["config"], decision: "once", by: "policy" }]);
});

const REFUSED: readonly [what: string, config: unknown, message: string][] = [
  ["a text where a number must be", { name: "a", size: "5" }, 'config.size is "5", and must be a whole number'],
  ["a number beyond its bound", { name: "a", size: 65 }, "config.size is 65, and must be a whole number of at most 64"],
  ["a fraction", { name: "a", size: 1.5 }, "config.size is 1.5, and must be a whole number"],
  ["a missing member", { size: 5 }, 'config has no member "name"; a text is wanted there'],
  ["an unknown member", { name: "a", nam: 1 }, 'config has the unknown member "nam"'],
  ["a text that is too long", { name: "123456789" }, "a text of at most 8 characters"],
  ["a text that is not allowed", { name: "a", mode: "slow" }, 'must be one of "fast", "good"'],
  ["too many items", { name: "a", points: [{ x: 1 }, { x: 2 }, { x: 3 }] }, "config.points is a list of 3 items, and must be a list of at most 2 items"],
  ["a wrong member deep inside", { name: "a", points: [{ x: 1 }, { x: null }] }, "config.points[1].x is null, and must be a number"],
  ["a list", [], "config is a list of 0 items, and must be an object"],
  ["a text", "name", 'config is "name", and must be an object'],
];

test("what does not fit the schema is refused before anything runs", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  for (const [what, config, message] of REFUSED) {
    const { error, progress } = await load(plugins, server, "refused", { config });
    expect(error, what).toMatchObject({ code: "config-invalid", stage: "configure", pluginId: "fixture.authority-rust" });
    expect(error?.message, what).toContain(message);
    expect(progress.map(({ phase }) => phase), what).not.toContain("compile");
  }
  await expectNothingLeft(plugins);
});

test("a configuration that the plugin would never see, or that nothing can check, is refused", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const config = { name: "a" };
  expect((await load(plugins, server, "deaf", { config, capabilities: [] })).error).toMatchObject({ code: "config-invalid", message: expect.stringContaining('does not ask for the capability "config"') });
  expect((await load(plugins, server, "bare", { config, schema: null })).error).toMatchObject({ code: "config-invalid", message: expect.stringContaining("no schema") });
  expect((await load(plugins, server, "pattern", { config, schema: { type: "object", properties: { name: { type: "string", pattern: "(a+)+$" } } } })).error).toMatchObject({
    code: "manifest-invalid", message: expect.stringContaining('config.properties.name has the unknown member "pattern"'),
  });
});

test("the load's configuration stands in place of what the host provides, and without one that is given as before", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await load(plugins, server, "given", { config: { name: "given" }, provide: true });
  expect(await all(plugins, "given")).toBe("name=given\nsize=5");
  await load(plugins, server, "provided", { provide: true });
  expect(await all(plugins, "provided")).toBe("greeting=hello\nunused=");
  // Nobody gave anything: what the schema requires is missing.
  expect((await load(plugins, server, "none", { host: { grant: ["config"] } })).error).toMatchObject({ code: "config-invalid", message: expect.stringContaining('no member "name"') });
  const optional: JsonValue = { type: "object", properties: { size: { type: "integer", default: 7 } } };
  await load(plugins, server, "defaults", { schema: optional, host: { grant: ["config"] } });
  expect(await all(plugins, "defaults")).toBe("size=7");
  expect((await load(plugins, server, "ungranted", { schema: optional })).error?.code, "defaults are no grant").toBe("capability-not-granted");
});

test("revoking takes the configuration with the instance", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await load(plugins, server, "one", { config: { name: "one" } });
  expect(await all(plugins, "one")).toContain("name=one");
  await plugins.run(({ plugins: modules }) => modules.hostOf("one").grants.revoke("fixture.authority-rust", "config"), undefined);
  expect((await plugins.call("one", "run", ["config", ["name"]])).value).toBeUndefined();
  expect((await plugins.call("one", "run", ["compute", ["10"]])).value).toBe("55");
});
