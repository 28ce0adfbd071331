/** Looks up what the test server serves. */
import { readFile, realpath } from "node:fs/promises";
import { extname, join, sep } from "node:path";

const TYPES = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".mjs", "text/javascript; charset=utf-8"],
  [".json", "application/json"],
  [".map", "application/json"],
  [".wasm", "application/wasm"],
  [".css", "text/css; charset=utf-8"],
  [".txt", "text/plain; charset=utf-8"],
  [".wit", "text/plain; charset=utf-8"],
  [".svg", "image/svg+xml"],
  [".png", "image/png"],
  [".gz", "application/gzip"],
]);

/**
 * @typedef {object} ServedFile
 * @property {Uint8Array} bytes
 * @property {string} type
 */

/**
 * @param {Record<string, string[]>} areas
 * @param {Map<string, Uint8Array>} overlay Files that stand over those on disk, by path.
 * @param {string} path Decoded and free of `.` and `..` segments.
 * @returns {Promise<ServedFile | undefined>}
 */
export async function readServedFile(areas, overlay, path) {
  const type = TYPES.get(extname(path)) ?? "application/octet-stream";
  const put = overlay.get(path);
  if (put !== undefined) return { bytes: put, type };
  const [area = "", ...segments] = path.split("/").slice(1);
  if (segments.includes("..") || segments.includes(".")) return undefined;
  for (const folder of Object.hasOwn(areas, area) ? (areas[area] ?? []) : []) {
    const bytes = await readInside(folder, segments);
    if (bytes !== undefined) return { bytes, type };
  }
  return undefined;
}

/**
 * @param {string} folder
 * @param {string[]} segments
 * @returns {Promise<Uint8Array | undefined>} `undefined` if it is no file, or a link that leads out of the folder
 */
async function readInside(folder, segments) {
  try {
    const root = await realpath(folder);
    const target = await realpath(join(root, ...segments));
    return target.startsWith(root + sep) ? await readFile(target) : undefined;
  } catch {
    return undefined; // missing, or a folder
  }
}
