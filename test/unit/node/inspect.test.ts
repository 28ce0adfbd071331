import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inspectPackage } from "../../../src/node/inspect.js";
import { readWorld, worldLabel } from "../../../src/node/read-world.js";
import { publicKeyOf } from "../../../src/trust/ed25519.js";
import { expectRefusal } from "../package/package-fixture.js";
import { componentPath, packComponent, temporaryDirectory } from "./support.js";

const [PUBLISHER, REVIEWER] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

describe("inspecting", () => {
  test("a package tells what it is, directory and archive alike", async () => {
    const packed = await packComponent("logger", { capabilities: [{ capability: "log", reason: "To tell." }] }, { formats: ["directory", "archive"] });
    const [directory, archive] = await Promise.all([packed.directory, packed.archive ?? ""].map((path) => inspectPackage({ path })));
    expect(directory).toMatchObject({ form: "directory", manifestMatches: true, signatures: null, imports: [{ status: "requested" }] });
    expect(directory?.manifest).toEqual(packed.manifest);
    expect(directory?.transpiled.map(({ key, stale }) => [key.target, stale])).toEqual([["browser-sync/2", undefined], ["browser-jspi/2", undefined]]);
    expect({ ...archive, form: directory?.form, size: directory?.size }).toEqual(directory);
    expect(archive?.size).toBe((await readFile(packed.archive ?? "")).length);
  });

  test("a bare component works too, and others are refused", async () => {
    const inspection = await inspectPackage({ path: componentPath("everything-rust") });
    expect(inspection).toMatchObject({ form: "component", manifest: { id: "local.everything-rust" }, transpiled: [], signatures: null });
    expect(inspection.exports).toContain("compute: func(n: u32) -> u32;");
    const directory = await temporaryDirectory();
    await writeFile(join(directory, "core.wasm"), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    await expectRefusal(() => inspectPackage({ path: join(directory, "core.wasm") }), "component-unsupported");
    await writeFile(join(directory, "page.html"), "<p>");
    await expectRefusal(() => inspectPackage({ path: join(directory, "page.html") }), "package-invalid");
  });

  test("signatures are valid, invalid or by an unknown key", async () => {
    const { directory } = await packComponent("trap", {}, { signingKeys: [PUBLISHER, REVIEWER] });
    const other = await packComponent("loop", {}, { signingKeys: [PUBLISHER] });
    const keys = [await publicKeyOf(PUBLISHER)];
    const states = async (path: string) => (await inspectPackage({ path, keys })).signatures?.map(({ state }) => state).sort();
    expect(await states(directory)).toEqual(["unknown", "valid"]);
    await writeFile(join(directory, "manifest.sig"), await readFile(join(other.directory, "manifest.sig")));
    expect(await states(directory)).toEqual(["invalid"]);
  });

  test("exports read like WIT", async () => {
    const { exports } = await inspectPackage({ path: componentPath("types-rust") });
    for (const line of [
      "  record person { first-name: string, age: u8, home: point, nickname: option<string>, favourite-numbers: list<u32> }",
      "  variant shape { circle(f64), rectangle(tuple<f64, f64>), labelled(string), at-point(point), empty }",
      "  type alias = list<point>;",
      "  attempt: func(ok: bool) -> result;",
      "  check: func(which: u32) -> result<_, failure>;",
      "  resource counter {",
      "    constructor(start: u32);",
      "    increment: func(by: u32) -> u32;",
      "    merge: static func(a: counter, b: counter) -> counter;",
      "  sum: func(items: list<borrow<counter>>) -> u32;",
      "add: func(a: u32, b: u32) -> u32;",
    ]) expect(exports.split("\n")).toContain(line);
  });
});

describe("reading a world", () => {
  const wit = new URL("../../fixtures/wit/logger", import.meta.url).pathname;

  test("of WIT, a component and a package gives the same exports", async () => {
    const { directory } = await packComponent("logger");
    const worlds = await Promise.all([wit, join(wit, "world.wit"), componentPath("logger"), directory].map((path) => readWorld(path)));
    for (const world of worlds) expect(world.exports).toEqual(worlds[0]?.exports);
    expect(worlds.map(worldLabel)).toEqual(["logger", "logger", "logger", "logger"]);
  });

  test("by name is for WIT only", async () => {
    expect((await readWorld(wit, "plugin")).exports.interfaces).toHaveLength(1);
    await expectRefusal(() => readWorld(wit, "absent"), "usage-invalid");
    await expectRefusal(() => readWorld(componentPath("logger"), "plugin"), "usage-invalid");
    await expectRefusal(() => readWorld("absent"), "source-unreachable");
  });
});
