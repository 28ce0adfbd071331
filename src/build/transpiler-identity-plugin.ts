import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "vite";
import { BINDGEN, JCO } from "./repository.js";
import { TRANSPILER } from "./vendored-tool.js";

const MODULE = "virtual:portcullis/transpiler-identity";

/** Provides `virtual:portcullis/transpiler-identity`, read from the installed jco. */
export function transpilerIdentityPlugin(): Plugin {
  return {
    name: "portcullis:transpiler-identity",
    resolveId: (id) => (id === MODULE ? `\0${MODULE}` : undefined),
    async load(id) {
      if (id !== `\0${MODULE}`) return undefined;
      const { jcoVersion, bindgenSha256 } = await transpilerIdentity();
      return `export const jcoVersion = ${JSON.stringify(jcoVersion)};\nexport const bindgenSha256 = "${bindgenSha256}";\n`;
    },
  };
}

/** jco's version, and one digest over those of the transpiler's core modules and script. */
export async function transpilerIdentity(): Promise<{ readonly jcoVersion: string; readonly bindgenSha256: string }> {
  const { version } = JSON.parse(await readFile(join(JCO, "package.json"), "utf8")) as { version: unknown };
  if (typeof version !== "string") throw new Error(`Cannot tell jco's version: ${JCO}/package.json has none`);
  const all = createHash("sha256");
  for (const extension of ["core.wasm", "core2.wasm", "js"]) {
    const bytes = await readFile(join(BINDGEN, `${TRANSPILER.file}.${extension}`));
    all.update(createHash("sha256").update(bytes).digest());
  }
  return { jcoVersion: version, bindgenSha256: all.digest("hex") };
}
