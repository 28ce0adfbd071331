import { expect, it } from "vitest";
import { memoryDirectory } from "../../../src/broker/filesystem/memory-directory.js";
import { checkProvisions, offeredOf, type Provisions } from "../../../src/broker/provisions.js";
import { parseCapability } from "../../../src/capability/capability.js";

const NO_IMPORTS = { authorities: [], hostInterfaces: [] };
const offers = (text: string, provisions: Provisions): boolean => offeredOf(parseCapability(text), provisions, NO_IMPORTS) !== undefined;

it.each(["env:HOME", "args", "stdin", "config", "fs:ro:/data", "fs:rw:/", "secret:KEY:https://api.test", "host:acme:notes/store@1.0.0"])("an app that provides nothing does not offer %s", (text) => {
  expect(offers(text, {})).toBe(false);
});

it.each(["clocks", "random", "stdout", "stderr", "log", "http:GET:https://api.test", "keyvalue"])("%s needs nothing of the app", (text) => {
  expect(offers(text, {})).toBe(true);
});

it("offers what is provided by name, and no name that every object has", () => {
  const provisions: Provisions = { environment: { HOME: "/" }, secrets: { KEY: "x" }, arguments: [], stdin: "", config: {} };
  for (const text of ["env:HOME", "secret:KEY:https://api.test", "args", "stdin", "config"]) expect(offers(text, provisions), text).toBe(true);
  for (const text of ["env:PATH", "env:constructor", "env:__proto__", "env:toString", "secret:toString:https://api.test"]) expect(offers(text, provisions), text).toBe(false);
});

it("offers directories at and below what is provided, and nothing above or beside", () => {
  const provisions: Provisions = { directories: { "/data/in": memoryDirectory() } };
  for (const text of ["fs:ro:/data/in", "fs:rw:/data/in/deep"]) expect(offers(text, provisions), text).toBe(true);
  for (const text of ["fs:ro:/data", "fs:ro:/", "fs:ro:/data/inner", "fs:ro:/data/i"]) expect(offers(text, provisions), text).toBe(false);
});

it.each<[string, unknown, string]>([
  ["a misspelt member", { enviroment: { A: "1" } }, 'a member "enviroment"'],
  ["nothing at all", null, "is null"],
  ["a variable that is a number", { environment: { PORT: 80 } }, "environment.PORT, which is 80"],
  ["a configuration with an object", { config: { a: {} } }, "config.a, which is an object"],
  ["a secret that is missing", { secrets: { KEY: undefined } }, "secrets.KEY, which is undefined"],
  ["an argument that is no text", { arguments: ["a", 1] }, "1 among its arguments"],
  ["a relative directory", { directories: { data: memoryDirectory() } }, 'a directory at "data"'],
  ["a directory above the root", { directories: { "/../data": memoryDirectory() } }, 'a directory at "/../data"'],
  ["a clock that runs backwards", { clockResolutionMs: -1 }, "clockResolutionMs of -1"],
  ["a clock without a resolution", { clockResolutionMs: Number.NaN }, "clockResolutionMs of NaN"],
])("refuses %s, and says what is wrong", (_name, provisions, said) => {
  const check = () => checkProvisions(provisions as Provisions, "acme.test");
  expect(check).toThrow(expect.objectContaining({ code: "usage-invalid", message: expect.stringContaining(said) as string }) as Error);
});

it("takes everything that can be provided", () => {
  const provisions: Provisions = { environment: { A: "" }, arguments: [], stdin: "", config: { a: "b" }, directories: { "/data": memoryDirectory() }, secrets: { K: "v" }, fetch, clockResolutionMs: 0 };
  expect(checkProvisions(provisions, "acme.test")).toBe(provisions);
});
