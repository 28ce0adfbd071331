/** Authority that nobody gave: every way that WASI has to reach something, tried by real programs that were granted nothing. */
import { expect, test } from "../support/browser-test.js";
import { createKey, forge, packedFixture, publisherSigningKey, serveArchive } from "../support/forged-package.js";
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
      ["readEnvironment", ["HOME"], "env", /^wasi:cli\/environment@.*#get-environment$/],
      ["listArguments", [], "args", /^wasi:cli\/environment@.*#get-arguments$|^wasi:cli\/environment#get-arguments$/],
      ["readFile", ["/etc/passwd"], "fs", /^wasi:filesystem\/preopens/],
      ["writeFile", ["/tmp/portcullis", "text"], "fs", /^wasi:filesystem\/preopens/],
      ["readInput", [], "stdin", /^wasi:cli\/stdin/],
      ["writeOutput", ["out"], "stdout", /^wasi:cli\/stdout/],
      ["writeError", ["err"], "stderr", /^wasi:cli\/stderr/],
    ];
    for (const [functionName, values, authority] of deniable) {
      const { result } = await eventsOf(plugins, `fixture.${name}`, () => plugins.call(name, functionName, values));
      const denied = (await guestEvents(plugins, `fixture.${name}`)).filter((event) => event.kind === "denied" && event.authority === authority);
      expect(denied.length, `${functionName} is reported as a denial of ${authority}`).toBeGreaterThan(0);
      // No argument is how a program sees that it has no arguments: the one answer that is no error.
      if (functionName === "listArguments" && result.error === undefined) expect(result.value).toBe("");
      else expect(result.error?.name, `${functionName} gave ${JSON.stringify(result)}`).toBe("PluginResultError");
    }
    console.log(name, JSON.stringify(await guestEvents(plugins, `fixture.${name}`)));
    expect((await plugins.call(name, "compute", [30])).value).toBe(fibonacci30);
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
      console.log(name, functionName, JSON.stringify(result), JSON.stringify(events));
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
    console.log(functionName, JSON.stringify(result), JSON.stringify(events));
    const typed = result.error?.code === "capability-denied" || result.error?.name === "PluginResultError";
    expect(typed, `${functionName} gave ${JSON.stringify(result)}`).toBe(true);
    expect(events.filter((event) => event.kind === "denied" && event.authority === authority), functionName).not.toEqual([]);
    expect((await plugins.call("network-probe", "compute", [30])).value).toBe(fibonacci30);
  }
  expect((await server.requests()).filter(({ path }) => path.includes("exfil"))).toEqual([]);
});
