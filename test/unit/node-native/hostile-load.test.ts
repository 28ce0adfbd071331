import { describe, expect, test } from "vitest";
import { hasHostileLibraries, hostileStart, startHostile } from "../../support/hostile-library.js";
import { nativeHostScript, NativeProcess } from "../../support/native-process.js";

test.skipIf(!hasHostileLibraries)("a good one is good", async () => {
  const call = await startHostile("good");
  expect(await call("call", new Uint8Array([1, 2]))).toEqual({ kind: "ok", value: new Uint8Array([1, 2]) });
  expect(await call("open")).toEqual({ kind: "ok", value: 1 });
  expect(await call("[method]items.next", 1)).toEqual({ kind: "ok", value: 1 });
  expect(await call("ask")).toEqual({ kind: "ok", value: -100 });
  expect(await call("take")).toEqual({ kind: "ok", value: 0 });
});

describe.skipIf(!hasHostileLibraries)("attack: a library that is not what it says does not start, and does not end the process", () => {
  test.each([
    ["registry-null", "its registry is null"],
    ["registry-unmapped", "its registry, at 0x70000000000, is not memory that can be read"],
    ["registry-unaligned", "its registry, at "],
    ["registry-kernel", "its registry, at 0xffffffffff000000, is not memory that can be read"],
    ["magic", 'its registry begins with "FIDIUZ'],
    ["registry-version", "its registry has the version 2, and 1 is known"],
    ["plugin-count", "its registry says that it has 4294967295 entries"],
    ["descriptors-null", "the list of its registry is null"],
    ["descriptors-unmapped", "the list of its registry, at 0x70000000000,"],
    ["descriptor-null", "descriptor 0 is null"],
    ["descriptor-unmapped", "descriptor 0, at 0x70000000000,"],
    ["descriptor-unaligned", "is not aligned to 8 bytes"],
    ["descriptor-size", "descriptor 0 says that it has 104 bytes, and has 120"],
    ["two-plugins", "it has two plugins of the interface Hostile"],
    ["interface-name-null", "interface_name of descriptor 0 is null"],
    ["interface-name-unended", "has no end within 256 bytes"],
    ["interface-name-edge", "interface_name of descriptor 0"],
    ["interface-name-not-utf8", "is not well-formed UTF-8"],
    ["plugin-name-unmapped", "plugin_name of descriptor 0, at 0x70000000000,"],
    ["strategy", "its buffer_strategy is 3"],
    ["vtable-null", "vtable is null"],
    ["vtable-unmapped", "vtable, at 0x70000000000,"],
    ["entry-null", "entry 0 of vtable is null, and its method call is not optional"],
    ["entry-data", "entry 0 of vtable, at "],
    ["entry-one", "entry 0 of vtable, at 0x1, is not code"],
    ["method-count", "its method_count is 1073741824, and at most 1024 are allowed"],
    ["methods-more", "vtable, at "],
    ["methods-fewer", "its method_count is 3, and its method take (place 3) is not optional"],
    ["free-buffer-null", "free_buffer is null"],
    ["free-buffer-data", "free_buffer, at "],
    ["construct-data", "construct, at "],
    ["destroy-data", "destroy, at "],
    ["trait-metadata-count", "trait_metadata says that it has 4294967295 entries"],
    ["trait-metadata-large", "its metadata is larger than 65536 characters"],
    ["trait-metadata-unmapped", "trait_metadata, at 0x70000000000,"],
    ["method-metadata-unmapped", "method_metadata, at 0x70000000000,"],
    ["method-metadata-garbage", "method_metadata of method 0"],
    ["imports-count", "its registry of host interfaces says that it has 4294967295 entries"],
    ["imports-null", "the list of its registry of host interfaces is null"],
    ["imports-name", "interface_name of host interface 0"],
    ["imports-bind", "bind of host interface 0 is null"],
  ])("%s", async (name, message) => {
    await expect(startHostile(name)).rejects.toMatchObject({ code: "instantiate-failed", message: expect.stringContaining(message) as unknown });
  });

  test.each([["abi-400", "0.4"], ["abi-600", "0.6"], ["imports-abi", "0.4"]])("%s names both versions", async (name, release) => {
    await expect(startHostile(name)).rejects.toMatchObject({ code: "runtime-unsupported", message: expect.stringMatching(new RegExp(`fidius ${release.replace(".", "\\.")}.*fidius 0\\.5`)) as unknown });
  });

  test.each([["other-hash", "Hostile (0000000000000001)"], ["no-plugins", "it has none"]])("%s says what it has", async (name, message) => {
    await expect(startHostile(name)).rejects.toMatchObject({ code: "interface-mismatch", message: expect.stringContaining(message) as unknown });
  });

  test.each([["load-crash", "SIGABRT"], ["load-exit", "ended with 0"]])("%s ends only the process", async (name, end) => {
    await expect(startHostile(name)).rejects.toMatchObject({ code: "crashed", message: expect.stringContaining(end) as unknown });
  });

  test("load-loop is stopped by what started it", async () => {
    const process = new NativeProcess(await nativeHostScript());
    const started = process.load(hostileStart("load-loop"));
    process.child.kill("SIGKILL");
    await expect(started).rejects.toThrow("SIGKILL");
  });
});
