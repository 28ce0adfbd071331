import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { parsePackageToml } from "../../../src/node/plugin-description.js";
import type { PluginErrorCode } from "../../../src/errors/error-codes.js";
import { outcome, refusal } from "../package/package-fixture.js";
import { PACKAGE_TOML } from "./support.js";

const parse = (toml: string) => parsePackageToml(toUtf8(toml));
const without = (line: RegExp) => PACKAGE_TOML.replace(line, "");

describe("package.toml", () => {
  test("gives its reasons to the capabilities", () => {
    const { description: { capabilities } } = parse(PACKAGE_TOML.replace('["log"]', '["log", { capability = "clocks", reason = "To date." , optional = true }]'));
    expect(capabilities).toEqual([
      { capability: "log", reason: "To tell what it does.", optional: false },
      { capability: "clocks", reason: "To date.", optional: true },
    ]);
  });

  test("may have fidius's members that mean nothing here, with a warning", () => {
    const toml = `${PACKAGE_TOML}[python]\nentry_module = "x"\n`.replace('runtime = "wasm"', 'runtime = "wasm"\nextension = "fid"').replace("component =", 'precompiled = "x.cwasm"\ncomponent =');
    expect(parse(toml).warnings.map((warning) => /has (\S+),/.exec(warning)?.[1])).toEqual(["package.extension", "wasm.precompiled", "[python]"]);
  });

  test("may begin with a byte order mark and have Windows's line ends", () => {
    expect(parse(`\ufeff${PACKAGE_TOML.replaceAll("\n", "\r\n")}`).description.id).toBe("acme.logger");
  });

  test("keeps a member called __proto__ as data", () => {
    const { description: { contributes } } = parse(`${PACKAGE_TOML}[contributes.__proto__]\npolluted = true\n`);
    expect(Object.keys(contributes as object)).toEqual(["__proto__"]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  const REFUSED: readonly (readonly [what: string, toml: string, code: PluginErrorCode, says: string])[] = [
    ["nothing", "", "manifest-invalid", "package"],
    ["no name", without(/^name.*$/m), "manifest-invalid", "name"],
    ["no version", without(/^version.*$/m), "manifest-invalid", "version"],
    ["no interface", without(/^interface =.*$/m), "manifest-invalid", "interface"],
    ["no interface version", without(/^interface_version.*$/m), "manifest-invalid", "interface_version"],
    ["no runtime", without(/^runtime.*$/m), "manifest-invalid", "runtime"],
    ["no [wasm]", without(/\[wasm\][^]*/), "manifest-invalid", "[wasm]"],
    ["no component", without(/^component.*$/m), "manifest-invalid", "component"],
    ["a native runtime without its table", PACKAGE_TOML.replace('runtime = "wasm"', 'runtime = "rust"'), "manifest-invalid", "libraries = {"],
    ["a Python runtime without its table", PACKAGE_TOML.replace('runtime = "wasm"', 'runtime = "python"'), "manifest-invalid", "entry_module ="],
    ["an unknown runtime", PACKAGE_TOML.replace('runtime = "wasm"', 'runtime = "java"'), "manifest-invalid", "runtime"],
    ["an unsafe name", PACKAGE_TOML.replace("acme.logger", "../acme"), "manifest-invalid", "name"],
    ["no semantic version", PACKAGE_TOML.replace("1.2.3", "1.2"), "manifest-invalid", "version"],
    ["a number for a text", PACKAGE_TOML.replace('"1.2.3"', "1.2"), "manifest-invalid", "version"],
    ["a negative interface version", PACKAGE_TOML.replace("interface_version = 1", "interface_version = -1"), "manifest-invalid", "interface_version"],
    ["a misspelled member", PACKAGE_TOML.replace("capabilities", "capabilites"), "manifest-invalid", "capabilites"],
    ["an unknown table", `${PACKAGE_TOML}[depends]\nx = 1\n`, "manifest-invalid", "depends"],
    ["an unknown capability", PACKAGE_TOML.replace('["log"]', '["sockets"]'), "capability-unknown", "sockets"],
    ["a capability for everything", PACKAGE_TOML.replace('["log"]', '["http:GET:https://*"]'), "capability-invalid", "http:GET,POST:https://api.example.com/v1/"],
    ["a bare wide capability", PACKAGE_TOML.replace('["log"]', '["fs"]'), "capability-invalid", "fs:ro:/data"],
    ["one capability in two forms", PACKAGE_TOML.replace('["log"]', '["log", "http:GET:https://a.test", "http:GET:https://a.test:443/"]').replace("[wasm.reasons]", '[wasm.reasons]\n"http:GET:https://a.test/" = "x"'), "manifest-invalid", "twice"],
    ["capabilities that contradict each other", PACKAGE_TOML.replace('["log"]', '["log", "fs:ro:/a", "fs:rw:/a"]').replace("[wasm.reasons]", '[wasm.reasons]\n"fs:ro:/a" = "x"\n"fs:rw:/a" = "x"'), "capability-invalid", "contradict"],
    ["two reasons for one capability", PACKAGE_TOML.replace("[wasm.reasons]", '[wasm.reasons]\n"http:GET:https://a.test" = "x"\n"http:GET:https://a.test/" = "x"'), "manifest-invalid", "two reasons"],
    ["a look-alike capability", PACKAGE_TOML.replace('["log"]', '["Log"]'), "capability-unknown", "Log"],
    ["a repeated capability", PACKAGE_TOML.replace('["log"]', '["log", "log"]'), "manifest-invalid", "twice"],
    ["no reason", without(/^log =.*$/m), "manifest-invalid", "reason"],
    ["a reason without its capability", `${PACKAGE_TOML}clocks = "x"\n`, "manifest-invalid", "clocks"],
    ["a reason that rewrites a prompt", PACKAGE_TOML.replace("To tell", "\u202eTo tell"), "manifest-invalid", "direction"],
    ["a homepage that is a script", `${PACKAGE_TOML}[metadata]\nhomepage = "javascript:alert(1)"\n`, "manifest-invalid", "homepage"],
    ["a limit of 0", `${PACKAGE_TOML}[limits]\nmemory_bytes = 0\n`, "manifest-invalid", "memory_bytes"],
    ["a date where JSON goes", `${PACKAGE_TOML}[contributes]\nday = 2026-01-01\n`, "manifest-invalid", "contributes.day"],
    ["an infinite number where JSON goes", `${PACKAGE_TOML}[config]\nmost = inf\n`, "manifest-invalid", "config.most"],
    ["bad TOML", `${PACKAGE_TOML}[wasm]\n`, "manifest-invalid", "line 15"],
    ["an unclosed text", '[package]\nname = "acme', "manifest-invalid", "line 2"],
    ["deep nesting", `${PACKAGE_TOML}[contributes]\nx = ${"[".repeat(100)}${"]".repeat(100)}\n`, "manifest-invalid", "line"],
    ["deep tables", `${PACKAGE_TOML}[contributes.${"a.".repeat(100)}b]\n`, "manifest-invalid", "deep"],
  ];
  test.each(REFUSED)("with %s is refused", async (_, toml, code, says) => {
    expect(await refusal(() => parse(toml), code)).toContain(says);
  });

  test("that is not UTF-8 is refused", async () => {
    expect(await refusal(() => parsePackageToml(Uint8Array.of(0xff)), "manifest-invalid")).toContain("UTF-8");
  });

  test("damaged anywhere is read or refused, and never fails otherwise", async () => {
    const position = fc.nat(PACKAGE_TOML.length);
    const damage = fc.array(fc.tuple(position, fc.constantFrom("", "[", "]", '"', "=", ".", "{", "\0", "__proto__", "1e999", "'''")), { minLength: 1, maxLength: 4 });
    await fc.assert(fc.asyncProperty(damage, async (changes) => {
      let toml = PACKAGE_TOML;
      for (const [at, text] of changes) toml = toml.slice(0, at) + text + toml.slice(at + 1);
      await outcome(() => parse(toml));
    }), { seed: 20_261_120, numRuns: 2_000 });
  });
});
