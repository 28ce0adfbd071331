/** What a signed manifest asks for and what the app answers: nothing is granted but an exact yes to an exact request. */
import { isExpected } from "../fixtures/index.js";
import { expect, test } from "../support/browser-test.js";
import { createKey, forge, packedFixture, publisherSigningKey, serveArchive } from "../support/forged-package.js";
import { guestEvents } from "../support/guest-events.js";
import { packagedDescriptor, PluginPage, publisherKey } from "../support/plugin-page.js";
import { loadRequesting } from "../support/requesting-plugin.js";
test("log reaches the app only when it was granted", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const refused = await plugins.loadPackaged("logger");
  expect(refused.error?.code).toBe("capability-not-granted");
  expect(refused.error?.message).toContain('"log"');
  expect(refused.error?.message).toContain("It logs");
  expect((await plugins.loadPackaged("logger", { host: { grant: ["clocks", "random", "stdout", "stderr"] } })).error?.code).toBe("capability-not-granted");
  // A text that only looks like one is the app's mistake, and says so.
  for (const other of ["LOG", " log", "log\u200b"]) {
    expect((await plugins.loadPackaged("logger", { host: { grant: [other] } })).error?.code).toBe("capability-unknown");
  }
  expect((await plugins.loadPackaged("logger", { host: { grant: ["log"] } })).grants).toEqual(["log"]);
  expect((await plugins.call("logger", "logEveryLevel", ["context", "message"])).value).toBe(6);
  const logged = await guestEvents(plugins, "fixture.logger");
  expect(logged).toEqual(["trace", "debug", "info", "warn", "error", "critical"].map((level) => ({ kind: "log", level, context: "context", message: "message" })));
});

test("the app is asked once for each request, with the author's reason, and only an exact yes counts", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const argument = { descriptor: await packagedDescriptor("everything-c"), key: await publisherKey() };
  const outcome = await plugins.run(async ({ plugins: modules, portcullis }, { descriptor, key }) => {
    const load = async (grant: unknown) => {
      const host = modules.createHost(portcullis, { sources: [portcullis.urlSource("../packages/registry/index.json")], trust: portcullis.trustKeys([key]), grant });
      try {
        return [...(await host.load("fixture.everything-c", portcullis.defineInterface(descriptor))).grants];
      } catch (error) {
        return (error as Error).message;
      }
    };
    const asked: Record<string, unknown>[] = [];
    const slow = await load(async (request: Record<string, unknown>) => {
      asked.push(request);
      await new Promise((resolve) => setTimeout(resolve, 20));
      return request["capability"] === "random";
    });
    const truthy: unknown[] = [];
    for (const answer of [1, "yes", "true", {}, [], Symbol.iterator, new Boolean(true), { then: undefined }, undefined, null, 0, false]) {
      truthy.push(await load(() => answer), await load(async () => answer));
    }
    const throwing = await load(() => {
      throw new Error("the prompt broke");
    });
    const rejecting = await load(() => Promise.reject(new Error("the prompt was closed")));
    return { slow, asked: JSON.parse(JSON.stringify(asked)), truthy, throwing, rejecting, answeredYes: await load(() => true) };
  }, argument);
  expect(outcome.slow).toEqual(["random"]);
  expect(outcome.asked.map(({ capability, reason, optional }: Record<string, unknown>) => ({ capability, reason, optional }))).toEqual(
    ["clocks", "random", "stdout", "stderr"].map((capability) => ({ capability, reason: `The fixture tries ${capability}`, optional: true })),
  );
  for (const request of outcome.asked) expect(request).toMatchObject({ plugin: { id: "fixture.everything-c", version: "1.0.0" }, trust: { kind: "signed" }, description: expect.stringMatching(/\w/) });
  for (const grants of outcome.truthy) expect(grants).toEqual([]);
  expect(outcome.throwing).toContain("the prompt broke");
  expect(outcome.rejecting).toContain("the prompt was closed");
  expect(outcome.answeredYes).toEqual(["clocks", "random", "stdout", "stderr"]);
});

for (const capability of ["http", "fs", "clocks ", "Clocks", "clock\u0455", "__proto__", "constructor", "*"]) {
  test(`a signed manifest that asks for ${JSON.stringify(capability)} is refused, even where the app says yes to everything`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const key = await createKey();
    const files = await forge(await packedFixture("logger"), {
      lie: (manifest) => ({ ...manifest, capabilities: [...manifest.capabilities, { capability, reason: "Why not?", optional: true }] }),
      sign: [key],
    });
    const source = await serveArchive(server, files);
    const { error } = await plugins.loadPackaged("logger", { source, trust: { keys: [key.text] }, host: { grant: ["log", capability] } });
    expect(error?.code).toBe(["http", "fs"].includes(capability) ? "capability-invalid" : "capability-unknown");
    // What looks like ASCII and is not is spelled out.
    expect(error?.message).toContain(JSON.stringify(capability).replace("\u0455", "\\u0455"));
    expect(page.workers()).toEqual([]);
  });
}

test("what the app has nothing behind is not granted, whatever was answered", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const wanted = ["env:HOME", "args", "stdin", "config", "fs:ro:/data"];
  const loaded = await loadRequesting(plugins, server, "everything-rust", wanted, { host: { grant: wanted } });
  expect(loaded.grants).toEqual([]);
  expect((await plugins.call("everything-rust", "readEnvironment", ["HOME"])).error?.name).toBe("PluginResultError");
  const { error } = await loadRequesting(plugins, server, "everything-rust", [{ capability: "env:HOME", optional: false }], { name: "other", host: { grant: wanted } });
  expect(error?.code).toBe("capability-not-granted");
  expect(error?.message).toContain("the app does not offer it");
});

test("a manifest that asks twice for one capability is refused", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const key = await publisherSigningKey();
  const files = await forge(await packedFixture("logger"), { lie: (manifest) => ({ ...manifest, capabilities: [...manifest.capabilities, ...manifest.capabilities] }), sign: [key] });
  const { error } = await plugins.loadPackaged("logger", { source: await serveArchive(server, files), host: { grant: ["log"] } });
  expect(error?.code).toBe("manifest-invalid");
});

for (const [name, grant] of [["big-js-stock", "clocks"], ["echo-py", "random"]] as const) {
  test(`${name}, a whole language runtime, runs with only ${grant}, and not at all without`, async ({ page, server }) => {
    test.skip(!isExpected(name), `${name} needs a toolchain that this machine does not have`);
    const plugins = new PluginPage(page, server);
    const refused = await plugins.loadPackaged(name, { host: { grant: ["log", "stdout", "stderr", grant === "clocks" ? "random" : "clocks"] } });
    expect(refused.error?.code).toBe("capability-not-granted");
    const loaded = await plugins.loadPackaged(name, { host: { grant: ["clocks", "random", "stdout", "stderr", "log"] } });
    expect(loaded.error).toBeUndefined();
    expect(loaded.grants).toEqual([grant]);
    expect((await plugins.call(name, "add", [2, 3], { timeoutMs: 60_000 })).value).toBe(5);
    const echoed = await plugins.run(async ({ plugins: modules }, plugin) => [...(await modules.handle(plugin).call("echo", [new Uint8Array([1, 2, 3])]))], name);
    expect(echoed).toEqual([1, 2, 3]);
    expect((await plugins.events()).filter((event) => event["kind"] === "instance-ended")).toEqual([]);
  });
}
