/** Authority that nobody gave: every way that WASI has to reach something, tried by real programs that were granted nothing. */
import { expect, test } from "../support/browser-test.js";
import { type GuestEvent, guestEvents } from "../support/guest-events.js";
import { type CallResult, PluginPage } from "../support/plugin-page.js";

const PROGRAMS = ["everything-c", "everything-rust"] as const;
const fibonacci30 = 832_040;
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
