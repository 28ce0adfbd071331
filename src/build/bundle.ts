import { build, type Plugin } from "vite";
import { ROOT } from "./repository.js";

export interface Bundle {
  readonly code: string;
  /** Paths of the files that it was made from. */
  readonly modules: readonly string[];
}

/** Bundles `entry` with everything it imports into one minified script, kept in memory. */
export async function bundle(
  entry: string,
  format: { readonly format: "es" } | { readonly format: "iife"; readonly name: string },
  plugins: readonly Plugin[],
): Promise<Bundle> {
  const result = await build({
    configFile: false,
    root: ROOT,
    logLevel: "warn",
    plugins: [...plugins],
    build: {
      write: false,
      minify: true,
      target: "es2023",
      modulePreload: false,
      copyPublicDir: false,
      reportCompressedSize: false,
      rolldownOptions: {
        input: entry,
        preserveEntrySignatures: "strict",
        output: { ...format, codeSplitting: false, strict: true },
      },
    },
  });
  const output = Array.isArray(result) ? result.flatMap((one) => one.output) : "output" in result ? result.output : [];
  const chunks = output.filter((item) => item.type === "chunk");
  const [chunk] = chunks;
  if (chunk === undefined || output.length !== 1) {
    throw new Error(`Cannot bundle ${entry}: it became ${output.length} files instead of one script`);
  }
  // What is imported on demand is in it too, and then counts as an import of the script itself.
  const imports = [...chunk.imports, ...chunk.dynamicImports].filter((file) => file !== chunk.fileName);
  if (imports.length > 0) throw new Error(`Cannot bundle ${entry}: the script still imports ${imports.join(", ")}`);
  return { code: chunk.code, modules: Object.keys(chunk.modules).filter((id) => !id.startsWith("\0")) };
}
