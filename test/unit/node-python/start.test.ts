import { readdirSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { ORDER, REPORT } from "../../../src/node/executor/process-frames.js";
import { describePython, type FunctionShape, HASH, INTERFACE, refusedPlugin, RUNNER, startedPlugin, startPlugin } from "./python-process.js";

const GREET: FunctionShape = { name: "greet-all", parameters: ["string"], ok: "string" };
const OWN: readonly FunctionShape[] = [
  { name: "fidius-interface-hash", ok: "u64", isOther: true },
  { name: "fidius-configure", parameters: [{ kind: "list", element: "u8" }], isOther: true },
];
const CONFIGURED = "class Greeter:\n    def __init__(self, config): self.word = config['word']\n    def greet_all(self, name): return f'{self.word}, {name}'\n__fidius_configure__ = Greeter\n";

describePython("a plugin starts", () => {
  test("and says which Python it runs on, and its interface's hash", async () => {
    const { plugin, report } = await startPlugin({ source: "def greet_all(name): return 'Hello, ' + name\n", functions: [GREET, ...OWN] });
    expect(report).toEqual({ kind: REPORT.started, content: { runtime: expect.stringMatching(/^Python 3\.\d+\.\d+$/), metadata: { trait: {}, methods: {} } } });
    expect(await plugin.call("greet-all", ["Ada"])).toMatchObject({ kind: "ok", value: "Hello, Ada" });
    expect(await plugin.call("fidius-interface-hash")).toMatchObject({ value: BigInt(`0x${HASH}`) });
    expect(await plugin.call("unheard-of")).toEqual({ kind: "trap", message: `The plugin has no function ${INTERFACE}#unheard-of` });
  });

  test("configured, with the methods of what it made for the configuration", async () => {
    const plugin = await startedPlugin({ source: CONFIGURED, functions: [GREET, ...OWN], changes: { config: { word: "Grüß dich" } } });
    expect(await plugin.call("greet-all", ["Ada"])).toMatchObject({ value: "Grüß dich, Ada" });
    expect(await plugin.call("fidius-configure", [new Uint8Array([1, 2])])).toMatchObject({ kind: "ok" });
  });

  test("without configuration, and then refuses one in bytes", async () => {
    const plugin = await startedPlugin({ source: "def greet_all(name): return name\n", functions: [GREET, ...OWN] });
    expect(await plugin.call("fidius-configure", [new Uint8Array()])).toMatchObject({ kind: "trap", message: expect.stringContaining("Give it as JSON") });
  });

  test("with what it brings in vendor before its own, and its package before Python's modules that are not loaded", async () => {
    const files = { "vendor/both.py": "place = 'vendor'\n", "both.py": "place = 'package'\n", "wave.py": "place = 'package'\n" };
    const plugin = await startedPlugin({ source: "import both, sys, wave\ndef greet_all(name): return f'{both.place} {wave.place} {sys.argv} {sys.stdin.read()!r}'\n", files, functions: [GREET] });
    expect(await plugin.call("greet-all", [""])).toMatchObject({ value: "vendor package ['sample'] ''" });
  });

  test("from a module in a package, and nothing is written beside it", async () => {
    const files = { "acme/__init__.py": "", "acme/blur.py": `from . import words\n__interface_hash__ = 0x${HASH}\ndef greet_all(name): return words.WORD + name\n`, "acme/words.py": "WORD = 'Hi '\n" };
    const { plugin, directory } = await startPlugin({ source: "", files, functions: [GREET], changes: { entryModule: "acme.blur" } });
    expect(await plugin.call("greet-all", ["Ada"])).toMatchObject({ value: "Hi Ada" });
    expect(readdirSync(`${directory}/acme`).toSorted()).toEqual(["__init__.py", "blur.py", "words.py"]);
  });

  test("and finds nothing where the runner is", async () => {
    const plugin = await startedPlugin({ source: "import importlib.util\ndef greet_all(name): return str(importlib.util.find_spec(name))\n", functions: [GREET] });
    expect(await plugin.call("greet-all", ["runner"])).toMatchObject({ value: "None" });
  });

  test("and may lack what is optional, which then cannot be called", async () => {
    const plugin = await startedPlugin({ source: "def greet_all(name): return name\n", functions: [GREET, { name: "newer", optionalBit: 0 }] });
    expect(await plugin.call("newer")).toMatchObject({ kind: "trap", message: expect.stringContaining("has no function") });
    const full = await startedPlugin({ source: "def greet_all(name): return name\ndef newer(): pass\n", functions: [GREET, { name: "newer", optionalBit: 0 }] });
    expect(await full.call("newer")).toMatchObject({ kind: "ok" });
  });

  test("and what it prints is its log, before the answer comes", async () => {
    const plugin = await startedPlugin({ source: "import os, sys\nprint('loading \\udc80')\ndef greet_all(name):\n    print(name, end='')\n    print('é', file=sys.stderr)\n    os.system('echo from a child')\n    return name\n", functions: [GREET] });
    await plugin.call("greet-all", ["unfinished line"]);
    plugin.disconnect();
    await plugin.exited();
    for (const words of ["loading \\udc80", "unfinished line", "é", "from a child"]) expect(plugin.log).toContain(words);
  });
});

describePython("a plugin does not start", () => {
  const good = "def greet_all(name): return name\n";
  test.each<readonly [what: string, shape: Parameters<typeof refusedPlugin>[0], code: string, message: string]>([
    ["with another hash", { source: `${good}__interface_hash__ = 1\n`, functions: [GREET] }, "interface-mismatch", `is 0x0000000000000001, and 0x${HASH} is wanted`],
    ["with a hash that is no number", { source: `${good}__interface_hash__ = "${HASH}"\n`, functions: [GREET] }, "interface-mismatch", "none that is a number"],
    ["without a hash", { source: `${good}del __interface_hash__\n`, functions: [GREET] }, "interface-mismatch", "none that is a number"],
    ["without a method", { source: "def greet(): pass\n", functions: [GREET] }, "instantiate-failed", "its module has no function greet_all"],
    ["with a method that cannot be called", { source: "greet_all = 5\n", functions: [GREET] }, "instantiate-failed", "its module has no function greet_all"],
    ["without a module", { source: good, functions: [GREET], changes: { entryModule: "other" } }, "instantiate-failed", "ModuleNotFoundError: No module named 'other'"],
    ["with a module that raises", { source: "raise ValueError('while it is loaded')\n", functions: [GREET] }, "instantiate-failed", "importing its module sample raised ValueError: while it is loaded"],
    ["with a module that is no Python", { source: "def (:\n", functions: [GREET] }, "instantiate-failed", "SyntaxError"],
    ["with a module that exits", { source: "import sys\nsys.exit(0)\n", functions: [GREET] }, "instantiate-failed", "raised SystemExit: 0"],
    ["with a module that needs what is not there", { source: "import acme_missing\n", functions: [GREET] }, "instantiate-failed", "No module named 'acme_missing'"],
    ["with a configuration that it does not take", { source: good, functions: [GREET], changes: { config: {} } }, "config-invalid", "has no __fidius_configure__"],
    ["with a configuration that it refuses", { source: CONFIGURED, functions: [GREET], changes: { config: {} } }, "config-invalid", "__fidius_configure__ raised KeyError: 'word'"],
    ["without the configuration that it needs", { source: CONFIGURED, functions: [GREET] }, "config-invalid", "Load it with a configuration"],
    ["configured, without a method", { source: "def __fidius_configure__(config): return object()\n", functions: [GREET], changes: { config: {} } }, "instantiate-failed", "what its __fidius_configure__ returned has no function greet_all"],
    ["with attributes that raise", { source: "def __getattr__(name):\n    if name.startswith('greet'): raise OSError(name)\n    raise AttributeError(name)\n", functions: [GREET] }, "instantiate-failed", "OSError: greet_all"],
    ["with a stream that has no next", { source: good, functions: [{ ...GREET, produces: "rows-stream" }] }, "instantiate-failed", "[method]rows-stream.next"],
    ["with a raw method of other types", { source: good, functions: [{ ...GREET, raw: true }] }, "instantiate-failed", "takes not exactly one list<u8>"],
    ["with a type that is nested too deep", { source: good, functions: [{ ...GREET, ok: Array.from({ length: 70 }).reduce<any>((value) => ({ kind: "option", value }), "u8") }] }, "instantiate-failed", "nested more than 64 deep"],
  ])("%s", async (_what, shape, code, message) => {
    const refused = await refusedPlugin(shape);
    expect(refused).toMatchObject({ code, message: expect.stringMatching(/^Cannot start acme\.sample: /) });
    expect(refused.message).toContain(message);
  });

  test("and its log has the traceback", async () => {
    const { log } = await refusedPlugin({ source: "def deep(): raise ValueError('why')\ndeep()\n", functions: [GREET] });
    expect(log).toMatch(/Traceback[\s\S]*in deep[\s\S]*ValueError: why/);
  });

  test.each(["json", "struct", "__main__", "sys", "faulthandler"])("a module named %s, which Python has itself", async (name) => {
    const source = `__interface_hash__ = 0x${HASH}\ndef greet_all(name): return name\n`;
    const refused = await refusedPlugin({ source: "", files: { [`${name}.py`]: source }, functions: [GREET], changes: { entryModule: name } });
    expect(refused).toMatchObject({ code: "instantiate-failed", message: expect.stringContaining("Give it another name") });
  });
});

describePython("the module fidius", () => {
  const use = `
from fidius import PluginError, get_method, list_methods, method, reset_registry
@method
def greet_all(name):
    assert get_method("greet_all") is greet_all and get_method("greet_all", "sample") is greet_all
    try: method(greet_all)
    except ValueError as error: twice = str(error)
    assert list_methods() == list_methods("sample") == ["greet_all"] and list_methods("other") == []
    for missing in (("nothing",), ("greet_all", "other")):
        try: get_method(*missing)
        except KeyError: pass
        else: raise AssertionError(missing)
    error = PluginError("A", "b", {"c": 1})
    assert (str(error), error.code, error.message, error.details, PluginError("A", "b").details) == ("b", "A", "b", {"c": 1}, None)
    reset_registry()
    assert list_methods() == []
    return twice
`;
  test("is there for packages that do not bring it", async () => {
    const plugin = await startedPlugin({ source: use, functions: [GREET] });
    expect(await plugin.call("greet-all", [""])).toMatchObject({ kind: "ok", value: expect.stringContaining("already registered in the module 'sample'") });
  });

  test("is the package's own where it brings one", async () => {
    const files = { "vendor/fidius/__init__.py": "class PluginError(Exception):\n    own = True\ndef method(function): return function\n" };
    const plugin = await startedPlugin({ source: "from fidius import PluginError, method\n@method\ndef greet_all(name): return str(PluginError.own)\n", files, functions: [GREET] });
    expect(await plugin.call("greet-all", [""])).toMatchObject({ value: "True" });
  });
});

describePython("the executor's side", () => {
  test("ends the process by closing, before and after the start", async () => {
    const { plugin } = await startPlugin({ source: "def greet_all(name): return name\n", functions: [GREET] });
    plugin.disconnect();
    expect(await plugin.exited()).toBe(0);
  });

  test("attack: frames that are no orders end the process", async () => {
    for (const [kind, payload] of [[99, []], [ORDER.start, [0x7b]], [ORDER.hostAnswer, [0]], [ORDER.drop, [1]], [ORDER.call, []]] as const) {
      const { plugin } = await startPlugin({ source: "def greet_all(name): return name\n", functions: [GREET] });
      plugin.send(kind, 1, Uint8Array.from(payload));
      expect(await plugin.next()).toBeUndefined();
      expect(await plugin.exited()).toBe(1);
      expect(plugin.log).toContain("that is no order");
    }
  });
});

test("the runner is one file, which imports only what Python has", async () => {
  const imported = [...(await readFile(RUNNER, "utf8")).matchAll(/^ *(?:import|from) ([a-z]+)/gm)].map(([, name]) => name);
  const known = ["collections", "contextlib", "ctypes", "fcntl", "importlib", "json", "math", "os", "re", "resource", "signal", "struct", "sys", "threading", "traceback", "types"];
  expect([...new Set(imported)].toSorted()).toEqual(known);
  expect(await readdir(dirname(RUNNER))).toEqual(["runner.py"]);
});
