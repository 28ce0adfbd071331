import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DEMO } from "./paths.mjs";
import { portcullis } from "./run.mjs";

/**
 * What is generated from which WIT: what filters export, and what Darkroom implements for them. Committed, so that the
 * page's sources can be read and checked without building anything.
 */
export const GENERATED_TYPES = [
  { wit: "demo/wit", name: "filter", file: join(DEMO, "src/generated/filter.ts") },
  { wit: "demo/wit/app", name: "application", file: join(DEMO, "src/generated/application.ts") },
];

/**
 * What `portcullis types` writes.
 *
 * @param {{ readonly wit: string, readonly name: string }} generated
 */
export function generateTypes({ wit, name }) {
  return portcullis("types", wit, "--name", name);
}

/** Brings the page's types up to date with the WIT. */
export async function writeTypes() {
  for (const generated of GENERATED_TYPES) {
    const text = await generateTypes(generated);
    const present = await readFile(generated.file, "utf8").catch(() => "");
    if (present !== text) await writeFile(generated.file, text);
  }
}
