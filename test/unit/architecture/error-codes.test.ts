import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PLUGIN_ERROR_CODES } from "../../../src/errors/error-codes.js";
import { ROOT } from "./source-file.js";

const FOLDER = new URL("src/errors/codes/", ROOT);
const HEADINGS = ["What it means", "Why it happens", "What to do"];

/** What is wrong with the page of `code`. */
function pageProblems(code: string, text: string): readonly string[] {
  const sections = text.split(/^## /m);
  const [introduction = "", ...rest] = sections;
  const found = rest.map((section) => section.split("\n")[0] ?? "");
  const problems = found.join() === HEADINGS.join() ? [] : [`its headings are ${found.join(", ") || "none"}`];
  if (!introduction.startsWith(`# \`${code}\`\n`)) problems.push("its title is not its code");
  if (!/^> \S/m.test(introduction)) problems.push("it has no example message");
  for (const section of rest) {
    if (section.split("\n").slice(1).join("").trim().length < 20) problems.push(`it says nothing under ${section.trim()}`);
  }
  return problems;
}

describe("every error code has a page", () => {
  test.each(PLUGIN_ERROR_CODES)("%s", (code) => {
    expect(pageProblems(code, readFileSync(new URL(`${code}.md`, FOLDER), "utf8"))).toEqual([]);
  });
  test("and every page has a code", () => {
    const pages = readdirSync(FOLDER).filter((name) => name !== "README.md");
    expect(pages.toSorted()).toEqual(PLUGIN_ERROR_CODES.map((code) => `${code}.md`).toSorted());
  });
  test("and the list names each once, with a sentence", () => {
    const list = readFileSync(new URL("README.md", FOLDER), "utf8");
    const listed = [...list.matchAll(/^- \[`([a-z-]+)`\]\(\1\.md\): \S.{10,}\.$/gm)].map((match) => match[1]);
    expect(listed).toEqual([...PLUGIN_ERROR_CODES]);
  });
  test("no code stands twice", () => {
    expect(new Set(PLUGIN_ERROR_CODES).size).toBe(PLUGIN_ERROR_CODES.length);
  });
});

test("a page that lacks something is found", () => {
  const good = "# `busy`\n\nFull.\n\n> Cannot call\n\n## What it means\n\nThe queue is full of calls.\n\n## Why it happens\n\nToo many calls at once.\n\n## What to do\n\nWait for some to finish.\n";
  expect(pageProblems("busy", good)).toEqual([]);
  expect(pageProblems("closed", good)).toHaveLength(1);
  expect(pageProblems("busy", good.replace("> ", ""))).toHaveLength(1);
  expect(pageProblems("busy", good.replace("## Why it happens", "## Why"))).toHaveLength(1);
  expect(pageProblems("busy", good.replace("Wait for some to finish.", "Wait."))).toHaveLength(1);
});
