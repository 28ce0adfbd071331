import { describe, expect, test } from "vitest";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { encodeIndex, parseIndex, type RegistryIndex } from "../../../src/package/registry-index.js";
import { expectRefusal, outcome } from "./package-fixture.js";
import { SeededRandom } from "./seeded-random.js";

const entry = { id: "acme.blur", version: "1.0.0", path: "plugins/acme.blur/1.0.0", manifestSha256: "a".repeat(64), title: "Blur" };
const index: RegistryIndex = {
  schema: 1,
  sequence: 3,
  expires: "2027-01-31T00:00:00.000Z",
  plugins: [entry, { ...entry, version: "1.1.0+build", path: "plugins/acme.blur/1.1.0+build" }],
};

const parse = (value: unknown) => parseIndex(toUtf8(JSON.stringify(value)), DEFAULT_LIMITS);

describe("parseIndex()", () => {
  test("reads what encodeIndex wrote", () => {
    expect(parseIndex(encodeIndex(index), DEFAULT_LIMITS)).toEqual({ index, rejected: [] });
  });

  test("a bad entry is reported with its place and never hides the others", () => {
    const bad = [
      null, 7, "x", [], {}, { ...entry, id: "Acme" }, { ...entry, version: "1" }, { ...entry, path: "../x" },
      { ...entry, path: "https://evil.example/" }, { ...entry, manifestSha256: "A" }, { ...entry, unknown: 1 }, { ...entry, title: "" },
    ];
    const result = parse({ ...index, plugins: [...bad, entry, entry] });
    expect(result.index.plugins).toEqual([entry]);
    expect(result.rejected.map(({ position }) => position)).toEqual([...bad.keys(), bad.length + 1]);
    expect(result.rejected[5]?.reason).toContain("id");
    expect(result.rejected.at(-1)?.reason).toBe("acme.blur 1.0.0 is listed before");
  });

  test.each<[string, unknown]>([
    ["null", null],
    ["an array", []],
    ["another schema", { ...index, schema: 2 }],
    ["a negative sequence", { ...index, sequence: -1 }],
    ["a sequence that is not whole", { ...index, sequence: 0.5 }],
    ["a day that does not exist", { ...index, expires: "2027-02-30T00:00:00.000Z" }],
    ["a local time", { ...index, expires: "2027-01-31T00:00:00.000" }],
    ["a time that is no text", { ...index, expires: 1 }],
    ["plugins that are no list", { ...index, plugins: {} }],
    ["an unknown member", { ...index, mirrors: [] }],
  ])("refuses %s", (_what, value) => expectRefusal(() => parse(value), "index-invalid"));

  test("refuses an index above its size limit, deep nesting, and what is not JSON", async () => {
    const limits = { ...DEFAULT_LIMITS, indexBytes: encodeIndex(index).length - 1 };
    await expectRefusal(() => parseIndex(encodeIndex(index), limits), "index-invalid");
    await expectRefusal(() => parseIndex(toUtf8("[".repeat(100_000)), DEFAULT_LIMITS), "index-invalid");
    await expectRefusal(() => parseIndex(toUtf8("{"), DEFAULT_LIMITS), "index-invalid");
  });

  test("fuzz: any bytes are read or refused with a code", async () => {
    const random = new SeededRandom(3);
    const bytes = encodeIndex(index);
    for (let round = 0; round < 2000; round += 1) {
      expect([undefined, "index-invalid"]).toContain(await outcome(() => parseIndex(random.mutate(bytes), DEFAULT_LIMITS)));
    }
  });
});
