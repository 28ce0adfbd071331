import { describe, expect, test } from "vitest";
import { assertPackagePath, checkPackagePath, checkPackagePaths } from "../../../src/package/package-path.js";
import { refusal } from "./package-fixture.js";

describe("checkPackagePath()", () => {
  test.each([
    "component.wasm", "transpiled/browser-sync/glue.js", ".hidden", "a..b", "...x", "a-b_c+1.0.0", "console.js",
    "com10/lpt", "0", "a".repeat(255), "nul-l",
  ])("accepts %j", (path) => expect(checkPackagePath(path)).toBeUndefined());

  test.each([
    "", "/", "/etc/passwd", "//host/share", "a//b", "a/", "./a", "a/./b", "..", "../a", "a/../b", "a/..",
    "a\\b", "..\\a", "C:", "C:/a", "c:a", "a\0", "a\0.js", "a\nb", "a\x7f", "a b", "a ", " a", "a.", "a./b", "a/...",
    "con", "CON", "nul.txt", "a/NUL.tar.gz", "COM1", "com9.wasm", "lpt1", "aux/x", "prn.a.b", "a~1", "a%2e", "%2e%2e/a",
    "a?b", "a#b", "a*b", "a:b", "file:a", "é", "e\u0301", "\u2024\u2024/a", "a\u202ejs", "\uff0e\uff0e/a", "a\u2215b", "\ud800",
    "a".repeat(256), "__proto__\0",
  ])("refuses %j", async (path) => {
    expect(checkPackagePath(path)).toBeTypeOf("string");
    await refusal(() => assertPackagePath(path), "package-invalid");
  });
});

describe("checkPackagePaths()", () => {
  test("accepts different files, names of Object.prototype included", () => {
    expect(checkPackagePaths(["a/b", "a/c", "ab", "__proto__", "constructor"])).toBeUndefined();
  });

  test("refuses two that are one where case is ignored", () => {
    expect(checkPackagePaths(["glue.js", "x", "Glue.JS"])).toContain("one file where case is ignored");
  });

  test("refuses a file that is also a directory", () => {
    expect(checkPackagePaths(["a/b/c", "A/b"])).toContain("directory");
    expect(checkPackagePaths(["A", "a/b/c"])).toContain("directory");
  });

  test("refuses an unsafe one among safe ones", () => {
    expect(checkPackagePaths(["a", "../b"])).toContain('"../b"');
  });
});
