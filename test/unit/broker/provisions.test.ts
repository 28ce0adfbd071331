import { expect, it } from "vitest";
import { memoryDirectory } from "../../../src/broker/filesystem/memory-directory.js";
import { offeredOf, type Provisions } from "../../../src/broker/provisions.js";
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
