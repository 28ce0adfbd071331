import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Root of the repository. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const SOURCE = join(ROOT, "src");
export const DIST = join(ROOT, "dist");

const fromHere = createRequire(import.meta.url);
// Neither package exports its package.json or its folder, so both are found by what they do export.
const jcoComponent = fromHere.resolve("@bytecodealliance/jco/component");
const bindgenScript = createRequire(jcoComponent).resolve("@bytecodealliance/jco-transpile/component");

/** Folder of jco, whose version names the transpiler. */
export const JCO = dirname(dirname(jcoComponent));
/** Folder of the transpiler's own files, inside the package that jco depends on. */
export const BINDGEN = dirname(bindgenScript);
