import { describe, expect, test } from "vitest";
import { importWarnings, reportImports } from "../../../src/node/import-report.js";
import { packComponent } from "./support.js";

const request = (capability: string) => ({ capability, reason: "To test.", optional: false });
const THING = "acme:unknown/thing@1.0.0";

/** What is said about the imports of a real component for these requests. */
async function report(component: string, ...capabilities: string[]) {
  const { manifest } = await packComponent(component);
  const imports = reportImports(manifest.world, capabilities.map(request));
  const rows = new Map(imports.map((row) => [row.name.replace(/@[0-9.]+/, ""), row]));
  return { rows, warnings: importWarnings(imports, capabilities.map(request)) };
}

describe("what imports need", () => {
  test("is said for each function of wasi:cli/environment that needs something else", async () => {
    const { rows, warnings } = await report("everything-rust", "args");
    expect(rows.get("wasi:cli/environment")).toMatchObject({ capability: "env", status: "denied", functions: ["get-environment"] });
    expect(rows.get("wasi:cli/environment#get-arguments")).toMatchObject({ capability: "args", status: "requested", requests: ["args"] });
    expect(rows.get("wasi:cli/exit")).toMatchObject({ capability: "exit", status: "denied" });
    expect(warnings).toEqual([]);
  });

  test("names every request that covers an import", async () => {
    const { rows, warnings } = await report("everything-rust", "fs:ro:/in", "fs:rw:/out", "env:LANG", "stdin");
    expect(rows.get("wasi:filesystem/types")).toMatchObject({ status: "requested", requests: ["fs:ro:/in", "fs:rw:/out"] });
    expect(rows.get("wasi:cli/environment")).toMatchObject({ status: "requested", requests: ["env:LANG"] });
    expect(rows.get("wasi:cli/stdin")).toMatchObject({ status: "requested" });
    expect(warnings).toEqual([]);
  });

  test("warns of every request that no import needs", async () => {
    const { warnings } = await report("logger", "http:GET:https://a.test", "keyvalue", "env:LANG", "secret:KEY:https://b.test", `host:${THING}`);
    expect(warnings).toEqual([
      "the capability http:GET:https://a.test is asked for, but the component imports nothing that needs it",
      "the capability keyvalue is asked for, but the component imports nothing that needs it",
      "the capability env:LANG is asked for, but the component imports nothing that needs it",
      "the capability secret:KEY:https://b.test is asked for, but no http capability is for that origin, so nothing is sent there",
      `the capability host:${THING} is asked for, but the component does not import ${THING}`,
    ]);
  });

  test("has nothing to say of a secret for an origin that is requested too", async () => {
    const { warnings } = await report("logger", "http:GET:https://*.b.test", "secret:KEY:https://api.b.test");
    expect(warnings).toEqual(["the capability http:GET:https://*.b.test is asked for, but the component imports nothing that needs it"]);
  });

  test("is not clear to a host that cannot read a request: it covers nothing", async () => {
    const { rows, warnings } = await report("everything-rust", "teleport:mars", "fs:rw");
    expect(rows.get("wasi:filesystem/types")).toMatchObject({ status: "denied", requests: [] });
    expect(warnings).toEqual([]);
  });
});

describe("an app's own interface", () => {
  test("is requested as a whole", async () => {
    const { rows, warnings } = await report("unknown-import", `host:${THING}`);
    expect([...rows.values()]).toEqual([{ name: THING, capability: "host", status: "requested", requests: [`host:${THING}`], functions: ["poke", "ask"] }]);
    expect(warnings).toEqual([]);
  });

  test("has a row for a function that is left out", async () => {
    const { rows, warnings } = await report("unknown-import", `host:${THING}#ask`);
    expect(rows.get("acme:unknown/thing")).toMatchObject({ status: "requested", functions: ["ask"] });
    expect(rows.get("acme:unknown/thing#poke")).toMatchObject({ status: "denied" });
    expect(warnings).toEqual([`the component imports ${THING}#poke, which no request covers: calls to it are denied`]);
  });

  test("is denied where a constrained parameter is not a text, or not there", async () => {
    const { rows } = await report("unknown-import", `host:${THING}?value=a*`);
    expect(rows.get("acme:unknown/thing")).toMatchObject({ status: "denied", functions: [] });
  });

  test("is warned of when a function is requested that is not imported", async () => {
    const { warnings } = await report("unknown-import", `host:${THING}#ask,poke,tell`);
    expect(warnings).toEqual([`the capability host:${THING}#ask,poke,tell is asked for, but the component does not import ${THING}#tell`]);
  });

  test("of another version does not cover it", async () => {
    const { rows, warnings } = await report("unknown-import", "host:acme:unknown/thing@1.0.1");
    expect(rows.get("acme:unknown/thing")).toMatchObject({ status: "unknown" });
    expect(warnings).toEqual([expect.stringContaining("only in an app that offers it"), expect.stringContaining("does not import acme:unknown/thing@1.0.1")]);
  });
});
