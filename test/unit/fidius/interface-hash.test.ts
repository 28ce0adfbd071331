import { describe, expect, test } from "vitest";
import { fnv1a64 } from "../../../src/bytes/fnv1a.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { fidiusInterfaceHash } from "../../../src/fidius/interface-hash.js";

test("FNV-1a of 64 bits", () => {
  expect(fnv1a64(toUtf8(""))).toBe(0xcbf29ce484222325n);
  expect(fnv1a64(toUtf8("fidius"))).toBe(0x2a1260675ba3ee67n);
});

describe("the hash of an interface", () => {
  const bytes = { name: "reverse", parameters: ["Vec < u8 >"], result: "Vec < u8 >", raw: true };
  const name = { name: "name", result: "String" };
  test("is that of fidius's own plugins", () => {
    expect(fidiusInterfaceHash([name])).toBe(0xbe38ca5674ec66can);
    expect(fidiusInterfaceHash([{ name: "greet", parameters: ["String"], result: "String" }])).toBe(0xd66a33343f4b2077n);
    expect(fidiusInterfaceHash([bytes, name])).toBe(0xdf233d1a5936eb5cn);
    expect(fidiusInterfaceHash([name, bytes]), "in any order").toBe(0xdf233d1a5936eb5cn);
    expect(fidiusInterfaceHash([{ name: "tick", parameters: ["u32"], result: "u64", streams: true }])).toBe(0xfd152c8aa1112fc3n);
  });
  test("counts spaces and every marker", () => {
    expect(fidiusInterfaceHash([{ ...bytes, parameters: ["Vec<u8>"], result: "Vec<u8>" }, name])).toBe(0x19c72848547535d0n);
    const hashes = [{}, { raw: true }, { streams: true }, { takesStream: true }, { streams: true, takesStream: true }].map((markers) => fidiusInterfaceHash([{ name: "a", ...markers }]));
    expect(new Set(hashes).size).toBe(5);
  });
});
