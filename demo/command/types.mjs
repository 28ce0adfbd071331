import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DEMO } from "./paths.mjs";
import { portcullis } from "./run.mjs";

/** Committed, so that the page's sources can be read and checked without building anything. */
export const GENERATED_TYPES = join(DEMO, "src/generated/filter.ts");

/** What `portcullis types` writes for the filters' WIT. */
export function generateTypes() {
  return portcullis("types", "demo/wit", "--name", "filter");
}

/** Brings the page's types up to date with the WIT. */
export async function writeTypes() {
  const text = await generateTypes();
  const present = await readFile(GENERATED_TYPES, "utf8").catch(() => "");
  if (present !== text) await writeFile(GENERATED_TYPES, text);
}
