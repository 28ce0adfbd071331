import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compareVersions, HOST_VERSION } from "../../../src/admission/host-version.js";

describe("HOST_VERSION", () => {
  it("is the package's own version", () => {
    const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as { version: string };
    expect(HOST_VERSION).toBe(version);
  });
});

describe("compareVersions", () => {
  // The chain of semver.org §11, each lower than the next.
  const ascending = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0"];

  it("orders versions as semver.org §11 does", () => {
    for (const [position, lower] of ascending.entries()) {
      expect(compareVersions(lower, lower)).toBe(0);
      for (const higher of ascending.slice(position + 1)) {
        expect(compareVersions(lower, higher), `${lower} < ${higher}`).toBeLessThan(0);
        expect(compareVersions(higher, lower), `${higher} > ${lower}`).toBeGreaterThan(0);
      }
    }
  });

  it("leaves build metadata out", () => expect(compareVersions("1.0.0+a", "1.0.0+b")).toBe(0));

  it.each(["1", "1.0", "01.0.0", "1.0.0-", "v1.0.0", "1.0.0 ", ""])("does not compare %j", (text) => {
    expect(compareVersions(text, "1.0.0")).toBeUndefined();
  });
});
