/** Authority that nobody gave: every way that WASI has to reach something, tried by real programs that were granted nothing. */
import { isExpected } from "../fixtures/index.js";
import { expect, test } from "../support/browser-test.js";
import { createKey, forge, packedFixture, publisherSigningKey, serveArchive } from "../support/forged-package.js";
import { loadRequesting } from "../support/requesting-plugin.js";
import { type CallResult, packagedDescriptor, PluginPage, publisherKey } from "../support/plugin-page.js";

const PROGRAMS = ["everything-c", "everything-rust"] as const;
const fibonacci30 = 832_040;

type GuestEvent = { readonly kind: string; readonly authority?: string; readonly import?: string; readonly stream?: string; readonly text?: string };

/** What the guests themselves reported or were denied, in order. */
async function guestEvents(plugins: PluginPage, id: string): Promise<GuestEvent[]> {
  const events = (await plugins.events()).filter((event) => event["kind"] === "guest" && event["pluginId"] === id);
  return events.map((event) => event["event"] as GuestEvent);
}

async function eventsOf(plugins: PluginPage, id: string, work: () => Promise<CallResult>): Promise<{ result: CallResult; events: GuestEvent[] }> {
  const before = (await guestEvents(plugins, id)).length;
  const result = await work();
  return { result, events: (await guestEvents(plugins, id)).slice(before) };
}

for (const name of PROGRAMS) {
  test(`${name}, granted nothing, computes, and its own failures name what it may not have`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const loaded = await plugins.loadPackaged(name);
    expect(loaded.error).toBeUndefined();
    expect(loaded.grants).toEqual([]);
    expect((await plugins.call(name, "compute", [30])).value).toBe(fibonacci30);
    // Authorities whose interfaces can say "nothing" or "no": the guest goes on, and the host hears of each.
    const deniable: [string, unknown[], string, RegExp][] = [
      ["readEnvironment", ["HOME"], "env", /^wasi:cli\/environment.*#get-environment$/],
      ["listArguments", [], "args", /^wasi:cli\/environment.*#get-arguments$/],
      ["readFile", ["/etc/passwd"], "fs", /^wasi:filesystem\/preopens/],
      ["writeFile", ["/notes/portcullis", "text"], "fs", /^wasi:filesystem\/preopens/],
      ["readInput", [], "stdin", /^wasi:cli\/stdin/],
      ["writeOutput", ["out"], "stdout", /^wasi:cli\/stdout/],
      ["writeError", ["err"], "stderr", /^wasi:cli\/stderr/],
    ];
    for (const [functionName, values, authority, imported] of deniable) {
      const result = await plugins.call(name, functionName, values);
      const denied = (await guestEvents(plugins, `fixture.${name}`)).filter((event) => event.kind === "denied" && event.authority === authority);
      expect(denied.map((event) => event.import ?? "").join(), `${functionName} is reported as a denial of ${authority}`).toMatch(imported);
      // No argument is how a program sees that it has no arguments: the one answer that is no error.
      if (functionName === "listArguments" && result.error === undefined) expect(result.value).toBe("");
      else expect(result.error?.name, `${functionName} gave ${JSON.stringify(result)}`).toBe("PluginResultError");
    }
    expect((await plugins.call(name, "compute", [30])).value).toBe(fibonacci30);
    expect((await plugins.events()).filter((event) => event["kind"] === "instance-ended"), "denials that end the program").toEqual([]);
    expect((await guestEvents(plugins, `fixture.${name}`)).filter((event) => event.kind !== "denied"), "anything but denials").toEqual([]);
  });

  test(`${name}, granted nothing, is ended by what has no way to say no, and its next call works`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    await plugins.loadPackaged(name);
    const fatal: [string, unknown[], string, RegExp][] = [
      ["wallTime", [], "clocks", /wasi:clocks\/wall-clock@0\.2\.\d+#now/],
      ["monotonicTime", [], "clocks", /wasi:clocks\/monotonic-clock@0\.2\.\d+#now/],
      ["sleep", [1], "clocks", /wasi:clocks\/monotonic-clock@0\.2\.\d+#(now|subscribe-)/],
      ["randomBytes", [8], "random", /wasi:random\/(random|insecure-seed)@0\.2\.\d+#/],
    ];
    for (const [functionName, values, authority, imported] of fatal) {
      const { result, events } = await eventsOf(plugins, `fixture.${name}`, () => plugins.call(name, functionName, values));
      expect(result.error?.name, `${functionName} gave ${JSON.stringify(result)}`).toBe("PluginError");
      expect(result.error?.code, functionName).toBe("capability-denied");
      expect(result.error?.message).toContain(`"${authority}"`);
      expect(result.error?.message).toMatch(imported);
      expect(events.filter((event) => event.kind === "denied" && event.authority === authority && imported.test(event.import ?? "")), functionName).not.toEqual([]);
      expect((await plugins.call(name, "compute", [30])).value, `a call after ${functionName}`).toBe(fibonacci30);
    }
    for (const code of [0, 3]) {
      const { error } = await plugins.call(name, "exit", [code]);
      expect(error?.code).toBe("exited");
      expect(error?.message).toContain(code === 0 ? "success" : "failure");
      expect((await plugins.call(name, "compute", [30])).value, "a call after exit").toBe(fibonacci30);
    }
  });
}

test("a program over wasi:http and wasi:sockets reaches no server", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const loaded = await plugins.loadPackaged("network-probe");
  expect(loaded.error).toBeUndefined();
  expect((await plugins.call("network-probe", "compute", [30])).value).toBe(fibonacci30);
  const attempts: [string, unknown[], string][] = [
    ["fetch", [server.url("exfil?by=wasi-http")], "http"],
    ["connect", ["127.0.0.1", Number(new URL(server.url("")).port)], "sockets"],
  ];
  for (const [functionName, values, authority] of attempts) {
    const { result, events } = await eventsOf(plugins, "fixture.network-probe", () => plugins.call("network-probe", functionName, values));
    const typed = result.error?.code === "capability-denied" || result.error?.name === "PluginResultError";
    expect(typed, `${functionName} gave ${JSON.stringify(result)}`).toBe(true);
    expect(events.filter((event) => event.kind === "denied" && event.authority === authority), functionName).not.toEqual([]);
    expect((await plugins.call("network-probe", "compute", [30])).value).toBe(fibonacci30);
  }
  expect((await server.requests()).filter(({ path }) => path.includes("exfil"))).toEqual([]);
});

/** Calls of `everything-*` that need exactly one capability, with what they answer when they have it. */
const NEEDS: readonly (readonly [capability: string, functionName: string, values: readonly unknown[], answer: RegExp])[] = [
  ["clocks", "wallTime", [], /^1[0-9]{12}$|^[2-9][0-9]{12}$/],
  ["clocks", "monotonicTime", [], /^[0-9]+$/],
  ["clocks", "sleep", [1], /^slept$/],
  ["random", "randomBytes", [16], /^[0-9a-f]{32}$/],
  ["stdout", "writeOutput", ["a line\n"], /^7$/],
  ["stderr", "writeError", ["a line\n"], /^7$/],
];

for (const name of PROGRAMS) {
  for (const granted of ["clocks", "random", "stdout", "stderr"]) {
    test(`${name}, granted ${granted}, gets that and nothing else`, async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const loaded = await plugins.loadPackaged(name, { host: { grant: [granted] } });
      expect(loaded.grants).toEqual([granted]);
      for (const [capability, functionName, values, answer] of NEEDS) {
        const result = await plugins.call(name, functionName, values);
        if (capability === granted) expect(result.value, `${functionName} gave ${JSON.stringify(result)}`).toMatch(answer);
        else expect(result.error, `${functionName} gave ${JSON.stringify(result)}`).toBeDefined();
      }
      const outputs = (await guestEvents(plugins, `fixture.${name}`)).filter((event) => event.kind === "output");
      const expected = granted.startsWith("std") ? [{ kind: "output", stream: granted, text: "a line\n" }] : [];
      expect(outputs).toEqual(expected);
      for (const functionName of ["readEnvironment", "readFile"]) expect((await plugins.call(name, functionName, ["HOME"])).error?.name).toBe("PluginResultError");
    });
  }

  test(`${name}, granted clocks, really waits and measures`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    await plugins.loadPackaged(name, { host: { grant: ["clocks"] } });
    const [before, start] = [Date.now(), BigInt(String((await plugins.call(name, "monotonicTime")).value))];
    const milliseconds = await plugins.run(async ({ plugins: modules }, plugin) => {
      const begun = performance.now();
      await modules.handle(plugin).call("sleep", [30]);
      return performance.now() - begun;
    }, name);
    expect(milliseconds).toBeGreaterThanOrEqual(30);
    const end = BigInt(String((await plugins.call(name, "monotonicTime")).value));
    expect(Number(end - start) / 1e6, "by the guest's own clock").toBeGreaterThanOrEqual(30);
    const wall = Number((await plugins.call(name, "wallTime")).value);
    expect(Math.abs(wall - before), "the guest's wall clock is this machine's").toBeLessThan(600_000);
  });

  test(`${name}, granted random, draws other bytes each time`, async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    await plugins.loadPackaged(name, { host: { grant: ["random"] } });
    const drawn = [await plugins.call(name, "randomBytes", [32]), await plugins.call(name, "randomBytes", [32])].map(({ value }) => String(value));
    expect(new Set(drawn).size).toBe(2);
    for (const bytes of drawn) expect(bytes).toMatch(/^[0-9a-f]{64}$/);
  });
}

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
