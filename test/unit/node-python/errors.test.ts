import { expect, test } from "vitest";
import type { BincodeType } from "../../../src/bincode/bincode-type.js";
import { describePython, type FunctionShape, type Outcome, PLUGIN_ERROR, sharedPlugin, startedPlugin } from "./python-process.js";

const PROBLEM: BincodeType = { kind: "variant", cases: [{ name: "not-found", type: null }, { name: "h-t-t-p-failed", type: "string" }, { name: "limit", type: "u32" }] };
const ERRORS: Readonly<Record<string, BincodeType | null | undefined>> = {
  typed: PLUGIN_ERROR, text: "string", cased: PROBLEM, listed: { kind: "enum", cases: ["not-found", "busy"] }, bare: null, number: "u32", plain: undefined,
};

const SOURCE = `
from fidius import PluginError

class NotFound(Exception): pass
class Silent(Exception):
    def __str__(self): raise ValueError("no words")
class Duck(Exception):
    code, message, details = "DUCK", "quack", None
Duck.__name__ = "PluginError"

def recurse(): recurse()
def raised(text):
    if text == "exit": raise SystemExit(3)
    exec(text)

typed = text = cased = listed = bare = number = plain = raised
`;

describePython("what a plugin raises", () => {
  const functions = Object.entries(ERRORS).map(([name, err]): FunctionShape => ({ name, parameters: ["string"], ...(err === undefined ? {} : { err }) }));
  const plugin = sharedPlugin({ source: SOURCE, functions });
  const raise = async (name: string, statement: string): Promise<Outcome> => plugin().call(name, [statement]);

  test.each<readonly [statement: string, value: object]>([
    ["raise PluginError('BAD_INPUT', 'no good', details={'got': 42})", { code: "BAD_INPUT", message: "no good", details: '{"got": 42}' }],
    ["raise PluginError('BAD_INPUT', 'no good')", { code: "BAD_INPUT", message: "no good", details: undefined }],
    ["raise PluginError('BAD_INPUT', 'no good', 'why')", { code: "BAD_INPUT", message: "no good", details: '"why"' }],
    ["raise PluginError('BAD_INPUT', 'no good', object())", { code: "BAD_INPUT", message: "no good", details: undefined }],
    ["raise PluginError(7, 8)", { code: "PluginError", message: "8", details: undefined }],
    ["raise PluginError('a\\udc80', 'b\\udc80')", { code: "a\\udc80", message: "b\\udc80", details: undefined }],
    ["raise Duck()", { code: "DUCK", message: "quack", details: undefined }],
    ["raise ValueError('boom')", { code: "ValueError", message: "boom" }],
    ["{}['key']", { code: "KeyError", message: "'key'" }],
    ["recurse()", { code: "RecursionError" }],
    ["raise Silent()", { code: "Silent", message: "<an exception that cannot be printed>" }],
    ["raise StopIteration()", { code: "StopIteration" }],
    ["raise GeneratorExit()", { code: "GeneratorExit" }],
  ])("as fidius's plugin-error: %s", async (statement, value) => {
    expect(await raise("typed", statement)).toMatchObject({ kind: "err", value });
  });

  test("an exception that is no PluginError has its traceback, from the plugin's own frames on", async () => {
    const answer = await raise("typed", "def inner(): raise ValueError('boom')\ninner()");
    const { details } = (answer as { value: { details: string } }).value;
    const { traceback } = JSON.parse(details) as { traceback: string };
    expect(traceback).toContain("in inner");
    expect(traceback).toContain("sample.py");
    expect(traceback).not.toContain("runner.py");
  });

  test.each<readonly [name: string, statement: string, outcome: object]>([
    ["text", "raise PluginError('CODE', 'what happened')", { kind: "err", value: "what happened" }],
    ["text", "raise ValueError('boom')", { kind: "err", value: "boom" }],
    ["cased", "raise PluginError('NOT_FOUND', 'gone')", { kind: "err", value: { tag: "not-found" } }],
    ["cased", "raise NotFound('gone')", { kind: "err", value: { tag: "not-found" } }],
    ["cased", "raise PluginError('HTTPFailed', 'status 500')", { kind: "err", value: { tag: "h-t-t-p-failed", val: "status 500" } }],
    ["cased", "raise PluginError('limit', 'no text can be a number')", { kind: "trap", message: "PluginError: no text can be a number" }],
    ["cased", "raise ValueError('boom')", { kind: "trap", message: "ValueError: boom" }],
    ["listed", "raise PluginError('busy', 'wait')", { kind: "err", value: "busy" }],
    ["listed", "raise NotFound()", { kind: "err", value: "not-found" }],
    ["bare", "raise ValueError('boom')", { kind: "err" }],
    ["number", "raise PluginError('7', '7')", { kind: "trap", message: "PluginError: 7" }],
    ["plain", "raise PluginError('CODE', 'what happened')", { kind: "trap", message: "PluginError: what happened" }],
    ["plain", "raise ValueError('boom')", { kind: "trap", message: "ValueError: boom" }],
    ["plain", "raise KeyError()", { kind: "trap", message: "KeyError" }],
    ["plain", "raise Silent()", { kind: "trap", message: "Silent: <an exception that cannot be printed>" }],
    ["plain", "recurse()", { kind: "trap", message: expect.stringContaining("RecursionError") }],
    ["plain", "raise ValueError('\\udc80')", { kind: "trap", message: "ValueError: \\udc80" }],
    ["typed", "raise MemoryError()", { kind: "trap", message: "MemoryError" }],
    ["typed", "raise MemoryError('arena')", { kind: "trap", message: "MemoryError: arena" }],
  ])("%s: %s", async (name, statement, outcome) => {
    expect(await raise(name, statement)).toMatchObject(outcome);
  });

  test("a trap's text is bounded", async () => {
    const answer = await raise("plain", "raise ValueError('é' * 1000000)");
    expect(answer.kind === "trap" && answer.message.length).toBeLessThan(4096);
    expect(answer).toMatchObject({ message: expect.stringMatching(/^ValueError: é+$/) });
  });

  test("what the caller is not told stands in the log", async () => {
    await raise("plain", "raise ValueError('seen in the log')");
    await raise("text", "raise ValueError('and this')");
    await plugin().call("plain", ["pass"]);
    expect(plugin().log).toContain("ValueError: seen in the log");
    expect(plugin().log).toContain("ValueError: and this");
  });

  test("another function goes on after each of them", async () => {
    expect(await raise("plain", "pass")).toMatchObject({ kind: "ok" });
  });
});

describePython("what ends the process is answered before", () => {
  test.each([["plain", "exit", "SystemExit: 3"], ["typed", "exit", "SystemExit: 3"], ["typed", "raise KeyboardInterrupt()", "KeyboardInterrupt"]])("%s: %s", async (name, statement, message) => {
    const plugin = await startedPlugin({ source: SOURCE, functions: [{ name, parameters: ["string"], ...(name === "plain" ? {} : { err: PLUGIN_ERROR }) }, ...Object.keys(ERRORS).filter((other) => other !== name).map((other) => ({ name: other }))] });
    expect(await plugin.call(name, [statement])).toEqual({ kind: "trap", message });
    expect(await plugin.exited()).toBe(1);
  });

  test("a plugin that ends the process itself leaves nothing", async () => {
    const plugin = await startedPlugin({ source: "import os\ndef leave(): os._exit(7)\n", functions: [{ name: "leave" }] });
    expect(await plugin.call("leave")).toEqual({ kind: "ended" });
    expect(await plugin.exited()).toBe(7);
  });

  test("neither exit handlers nor threads keep a process that has exited, or whose executor has gone", async () => {
    const source = "import atexit, threading, time\natexit.register(lambda: time.sleep(3600))\nthreading.Thread(target=time.sleep, args=(3600,)).start()\ndef run(): pass\ndef leave(): raise SystemExit\n";
    const functions = [{ name: "run" }, { name: "leave" }];
    const left = await startedPlugin({ source, functions });
    expect(await left.call("leave")).toMatchObject({ kind: "trap" });
    expect(await left.exited()).toBe(1);
    const plugin = await startedPlugin({ source, functions });
    expect(await plugin.call("run")).toMatchObject({ kind: "ok" });
    plugin.disconnect();
    expect(await plugin.exited()).toBe(0);
  });
});
