import { describe, expect, test } from "vitest";
import { patternIncludes, patternMatches, permitsArguments } from "../../../src/capability/text-pattern.js";
import { capability } from "./capability-texts.js";

const STORE = "host:acme:notes/store@1.0.0";
const permits = (text: string, functionName: string, named: Readonly<Record<string, unknown>>) =>
  permitsArguments(capability("host", text), functionName, new Map(Object.entries(named)));

describe("a prefix", () => {
  test.each(["/notes/", "/notes/a", "/notes/a/b.txt", "/notes/..a/b..", "/notes/.hidden", "/notes/100%", "/notes/é"])("matches %j", (text) => {
    expect(patternMatches("/notes/*", text)).toBe(true);
  });

  test.each([
    ["another path", "/secret"], ["the folder itself", "/notes"], ["a name that begins so", "/notes-secret/a"], ["other case", "/Notes/a"], ["text before it", " /notes/a"],
    ["up", "/notes/../secret"], ["up and back", "/notes/../notes/a"], ["up at the end", "/notes/.."], ["here", "/notes/./a"], ["up by backslash", "/notes/..\\secret"], ["backslash", "/notes/\\secret"],
    ["NUL", "/notes/a\0.txt"], ["encoded up", "/notes/%2e%2e/secret"], ["half encoded up", "/notes/.%2e/secret"], ["encoded slash", "/notes/..%2Fsecret"], ["encoded backslash", "/notes/..%5csecret"],
    ["twice encoded", "/notes/%252e%252e/secret"], ["encoded NUL", "/notes/%00"], ["up with a parameter", "/notes/..;/secret"], ["full-width dots", "/notes/．．/secret"], ["full-width slash", "/notes/..／secret"], ["two-dot leader", "/notes/‥/secret"],
    ["the star itself", "*"], ["nothing", ""],
  ])("does not match %s: %j", (_, text) => {
    expect(patternMatches("/notes/*", text)).toBe(false);
  });

  test("that ends within a segment does not match what makes that segment dots", () => {
    expect(patternMatches("/notes*", "/notes/../secret")).toBe(false);
    expect(patternMatches("/n.*", "/n./../x")).toBe(false);
    expect(patternMatches("a/..*", "a/../x")).toBe(false);
    expect(patternMatches(".*", "../x")).toBe(false);
  });
});

describe("an exact text", () => {
  test.each(["/notes/ab", "/notes/", "/notes/A", "/notes/a\0", "/notes/a ", "", "/notes/b/../a", "/notes/%61"])("does not match %j", (text) => {
    expect(patternMatches("/notes/a", text)).toBe(false);
  });
});

describe("a pattern includes another", () => {
  test.each([
    ["/a*", "/a*", true], ["/a*", "/ab*", true], ["/ab*", "/a*", false], ["/a*", "/ab", true], ["/ab", "/a*", false], ["/a", "/a", true], ["/a", "/b", false], ["/a/*", "/a/../b", false], ["/a/*", "/a", false],
  ])("%s includes %s: %j", (wide, narrow, expected) => {
    expect(patternIncludes(wide, narrow)).toBe(expected);
  });
});

describe("a call of the app's function", () => {
  test("is permitted with matching arguments, and the others free", () => {
    expect(permits(`${STORE}?path=/notes/*`, "write", { path: "/notes/a", content: "../.." })).toBe(true);
    expect(permits(STORE, "write", {})).toBe(true);
    expect(permits(`${STORE}#[method]note.read?path=/notes/a`, "[method]note.read", { self: {}, path: "/notes/a" })).toBe(true);
  });

  test.each<readonly [attack: string, granted: string, functionName: string, named: Readonly<Record<string, unknown>>]>([
    ["a function that is left out", `${STORE}#read`, "write", {}],
    ["a function that begins so", `${STORE}#read`, "read-all", {}],
    ["two functions in one name", `${STORE}#list,read`, "list,read", {}],
    ["a member of an array", `${STORE}#read`, "length", {}],
    ["a function without the constrained parameter", `${STORE}?path=/notes/*`, "delete-all", {}],
    ["the parameter under another name", `${STORE}?path=/notes/*`, "read", { file: "/notes/a", "path ": "/notes/a" }],
    ["one of two constraints", `${STORE}?path=/notes/*&to=/out/*`, "copy", { path: "/notes/a", to: "/etc/a" }],
    ["no text", `${STORE}?path=/notes/*`, "read", { path: undefined }],
    ["a number", `${STORE}?path=1`, "read", { path: 1 }],
    ["a list that prints like the text", `${STORE}?path=/notes/*`, "read", { path: ["/notes/a"] }],
    ["an object that prints like the text", `${STORE}?path=/notes/*`, "read", { path: { toString: () => "/notes/a" } }],
    ["an object that begins like the text", `${STORE}?path=/notes/*`, "read", { path: { startsWith: () => true } }],
    ["a boxed text", `${STORE}?path=/notes/*`, "read", { path: Object("/notes/a") }],
    ["up", `${STORE}?path=/notes/*`, "read", { path: "/notes/../secret" }],
  ])("is refused for %s", (_, granted, functionName, named) => {
    expect(permits(granted, functionName, named)).toBe(false);
  });

  test("finds no constraint in an object's prototype", () => {
    expect(permitsArguments(capability("host", `${STORE}?constructor=x`), "read", new Map())).toBe(false);
  });
});
