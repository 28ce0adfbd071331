// Files to try the refusals with: a filter that nobody signed, and one that was changed after it was signed.
import { copyFile, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { PUBLIC } from "./paths.mjs";

const BLOCK = 512;

/**
 * @param {string} registry
 * @param {readonly import("./filters.mjs").Filter[]} filters
 */
export async function writeSamples(registry, filters) {
  const folder = join(PUBLIC, "samples");
  await mkdir(folder, { recursive: true });
  const unsigned = filters.find(({ name }) => name === "halftone");
  const signed = (await readdir(registry)).find((name) => name.startsWith("darkroom.tone-") && name.endsWith(".tar.gz"));
  if (unsigned === undefined || signed === undefined) throw new Error("the filters halftone and tone are needed for the samples");
  await copyFile(join(unsigned.folder, "component.wasm"), join(folder, "unsigned-halftone.wasm"));
  // Not .gz: static servers take that for a compression of theirs and send it unpacked.
  await writeFile(join(folder, "tampered-tone.tgz"), tamper(await readFile(join(registry, signed))));
}

/**
 * A packed plugin with one bit of its component turned over.
 *
 * @param {Uint8Array} archive
 */
export function tamper(archive) {
  const tar = gunzipSync(archive);
  for (let offset = 0; offset + BLOCK <= tar.length; ) {
    const name = tar.toString("latin1", offset, offset + 100).replace(/\0.*$/s, "");
    const size = Number.parseInt(tar.toString("latin1", offset + 124, offset + 136), 8) || 0;
    if (name.endsWith("component.wasm")) {
      const last = offset + BLOCK + size - 1;
      tar[last] = (tar[last] ?? 0) ^ 1;
      return gzipSync(tar);
    }
    offset += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new Error("The archive has no component.wasm to tamper with");
}
