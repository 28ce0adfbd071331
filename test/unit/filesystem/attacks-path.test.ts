/** Paths that a hostile guest tries on wasi:filesystem to leave its directory. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryDirectory } from "../../../src/broker/filesystem/memory-directory.js";
import { nameProblem } from "../../../src/broker/filesystem/resolve-path.js";
import type { Descriptor } from "../../../src/wasi/filesystem/descriptor.js";
import { CREATE, createGuest, directory, failure, FOLLOW, MODES, NONE, READ, readFile, WRITE, writeFile } from "./guest.js";
import { recorded } from "./recorded-directory.js";

const SECRET = "secret";
/** Every way in which a path reaches the page, with what else it needs. */
function routes(base: Descriptor, path: string): readonly (readonly [name: string, work: () => unknown])[] {
  return [
    ["open-at", () => base.openAt(FOLLOW, path, NONE, READ)],
    ["open-at to create", () => base.openAt(FOLLOW, path, CREATE, WRITE)],
    ["stat-at", () => base.statAt(FOLLOW, path)],
    ["set-times-at", () => base.setTimesAt(FOLLOW, path, { tag: "now" }, { tag: "now" })],
    ["create-directory-at", () => base.createDirectoryAt(path)],
    ["remove-directory-at", () => base.removeDirectoryAt(path)],
    ["unlink-file-at", () => base.unlinkFileAt(path)],
    ["rename-at from", () => base.renameAt(path, base, "stolen")],
    ["rename-at to", () => base.renameAt("own", base, path)],
    ["link-at from", () => base.linkAt(FOLLOW, path, base, "stolen")],
    ["link-at to", () => base.linkAt(FOLLOW, "own", base, path)],
    ["symlink-at", () => base.symlinkAt("own", path)],
    ["readlink-at", () => base.readlinkAt(path)],
    ["metadata-hash-at", () => base.metadataHashAt(FOLLOW, path)],
  ];
}

describe.each(MODES)("paths that lead out, %s", (mode) => {
  const OUT: readonly (readonly [path: string, code: string])[] = [
    ["..", "not-permitted"],
    ["../outside", "not-permitted"],
    ["a/../../outside", "not-permitted"],
    ["a/../..", "not-permitted"],
    ["./../outside", "not-permitted"],
    ["a//..//..//outside", "not-permitted"],
    ["/outside", "not-permitted"],
    ["/", "not-permitted"],
    ["//outside", "not-permitted"],
    ["/data/own", "not-permitted"],
    ["..\\outside", "invalid"],
    ["a\\..\\..\\outside", "invalid"],
    ["own\0/../../outside", "invalid"],
    ["own\0", "invalid"],
    ["C:", "invalid"],
    ["C:\\outside", "invalid"],
    ["C:/outside", "invalid"],
    ["own:stream", "invalid"],
    ["own::$DATA", "invalid"],
    ["file://outside", "invalid"],
    ["\\\\server\\share", "invalid"],
    ["own\n", "invalid"],
    ["own\u007f", "invalid"],
    ["own\u0085", "invalid"],
    ["own.", "invalid"],
    ["own ", "invalid"],
    ["...", "invalid"],
    ["..../outside", "invalid"],
    [".. /outside", "invalid"],
    ["*", "invalid"],
    ["ow?", "invalid"],
    ["\ud800", "illegal-byte-sequence"],
    ["a\udfff/b", "illegal-byte-sequence"],
    ["", "no-entry"],
    ["x".repeat(256), "name-too-long"],
    ["ü".repeat(128), "name-too-long"],
    ["a/".repeat(2_048) + "a", "name-too-long"],
    ["../".repeat(2_000), "name-too-long"],
    ...["CON", "con", "CON.txt", "con.tar.gz", "NUL", "nul.", "PRN", "aux.c", "COM1", "com9.log", "COM¹", "LPT0", "lpt².x", "CONIN$", "conout$", "NUL .txt"].map((name) => [name, "invalid"] as const),
    ...["sub/CON", "NUL/below"].map((name) => [name, "invalid"] as const),
  ];

  test.each(OUT)("%j is refused as %s by every route", async (path, code) => {
    const outer = recorded(memoryDirectory({ outside: SECRET, "sub/own": "own", "sub/a/b": "x" }));
    const guest = createGuest(["fs:rw:/data/sub"], { "/data": outer.backend }, mode);
    const base = directory(guest, "/data/sub");
    await base.stat();
    for (const [route, work] of routes(base, path)) {
      outer.asked.length = 0;
      // What is missing is the guest's own `no-entry`, from before anything was asked.
      expect([route, await failure(work)]).toEqual([route, code]);
      expect(outer.asked.filter((asked) => asked[0] !== "sub")).toEqual([]);
    }
    expect(await outer.backend.read(["outside"], 0, 100)).toEqual(new TextEncoder().encode(SECRET));
    expect(guest.denials).toHaveLength(code === "not-permitted" ? routes(base, path).length : 0);
  });

  test("a way out is in the audit, with a path that cannot rewrite it", async () => {
    const guest = createGuest(["fs:rw:/data"], { "/data": memoryDirectory() }, mode);
    await failure(() => directory(guest).openAt(FOLLOW, "../\u202e\u001b[31m", NONE, READ));
    expect(guest.denials).toEqual([
      { capability: "fs", function: "wasi:filesystem/types#[method]descriptor.open-at", summary: String.raw`open-at "../\u202e\u001b[31m" in "/data": not-permitted` },
    ]);
  });

  test("a descriptor of a directory does not reach its parent, though the preopen does", async () => {
    const guest = createGuest(["fs:rw:/data"], { "/data": memoryDirectory({ outside: SECRET, "sub/own": "own" }) }, mode);
    const sub = await directory(guest).openAt(FOLLOW, "sub", { directory: true }, READ);
    for (const [route, work] of routes(sub, "../outside")) expect([route, await failure(work)]).toEqual([route, "not-permitted"]);
    expect(await readFile(directory(guest), "outside")).toBe(SECRET);
  });
});

test.each(["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "then", "a⁄outside", "a∕outside", "a／outside", "．．", "‥", "%2e%2e", "%2e%2e%2foutside", "~", "-rf", "$HOME", "desktop.ini"])(
  "%j is only a name",
  async (name) => {
    const outer = memoryDirectory({ outside: SECRET });
    await outer.createDirectory(["sub"]);
    const base = directory(createGuest(["fs:rw:/data/sub"], { "/data": outer }), "/data/sub");
    expect(await failure(() => base.statAt(FOLLOW, name))).toBe("no-entry");
    await writeFile(base, name, "mine");
    await base.createDirectoryAt(`${name}-folder`);
    await writeFile(base, `${name}-folder/${name}`, "deep");
    expect(await readFile(base, name)).toBe("mine");
    expect((await outer.list([])).map((entry) => entry.name).sort()).toEqual(["outside", "sub"]);
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("mine");
  },
);

test("case variants of a name are other names", async () => {
  const base = directory(createGuest(["fs:rw:/data"], { "/data": memoryDirectory({ Secret: SECRET }) }));
  for (const name of ["secret", "SECRET", "ſecret"]) expect(await failure(() => base.openAt(FOLLOW, name, NONE, READ))).toBe("no-entry");
});

test("a directory opened in a directory, again and again, does not make endless paths", async () => {
  const base = directory(createGuest(["fs:rw:/data"], { "/data": memoryDirectory() }));
  const name = "d".repeat(200);
  let [current, depth] = [base, 0];
  let outcome: unknown = "success";
  for (; depth < 100 && outcome === "success"; depth += 1) {
    const parent = current;
    outcome = await failure(async () => {
      await parent.createDirectoryAt(name);
      current = await parent.openAt(FOLLOW, name, NONE, READ);
    });
  }
  expect([outcome, depth]).toEqual(["name-too-long", 21]);
});

test("a backend that lists names which lead elsewhere does not get them to the guest", async () => {
  const backend = memoryDirectory({ good: "x" });
  const names = ["../up", "/absolute", "a\\b", "..", ".", "", "nul", "good", "x\0y", "\ud800"];
  const guest = createGuest(["fs:ro:/data"], { "/data": { ...backend, list: async () => names.map((name) => ({ name, kind: "file" as const })) } });
  const listing = await directory(guest).readDirectory();
  expect([await listing.readDirectoryEntry(), await listing.readDirectoryEntry()]).toEqual([{ name: "good", type: "regular-file" }, undefined]);
});

describe("whatever a guest asks for", () => {
  const part = fc.oneof(
    fc.constantFrom("..", ".", "", "a", "b", "file", "...", "..\\..", "\0", "C:", "__proto__", "CON", "．．", "%2e%2e", ".. ", "a ", "\ud800"),
    fc.string({ unit: "binary", maxLength: 6 }),
  );
  const path = fc.oneof(fc.array(part, { minLength: 1, maxLength: 9 }).map((parts) => parts.join("/")), fc.string({ unit: "binary", maxLength: 40 }));

  test("nothing outside the preopen is asked of the backend, and every name is one that was promised", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(path, fc.nat({ max: 13 })), { minLength: 1, maxLength: 12 }), async (steps) => {
        const { backend, asked } = recorded(memoryDirectory({ "in/side/a/b/file": "x", "in/side/file": "y", outside: SECRET, "in/outside": SECRET }));
        const guest = createGuest(["fs:rw:/data/in/side"], { "/data": backend });
        let base = directory(guest, "/data/in/side");
        await base.stat();
        asked.length = 0;
        for (const [text, route] of steps) {
          const outcome = await failure(() => routes(base, text)[route]?.[1]());
          // A failure is one of the interface's own: never an exception of ours.
          expect(outcome).toMatch(/^[a-z-]+$/);
          if (route === 0 && outcome === "success") base = await base.openAt(FOLLOW, text, NONE, READ);
        }
        for (const names of asked) {
          expect(names.slice(0, 2)).toEqual(["in", "side"]);
          expect(names.map(nameProblem)).toEqual(names.map(() => undefined));
        }
        expect(guest.problems).toEqual([]);
      }),
      { seed: 20_240_601, numRuns: 400 },
    );
  });
});
