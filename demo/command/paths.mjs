import { fileURLToPath } from "node:url";
import { join, resolve } from "node:path";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const DEMO = join(ROOT, "demo");
export const DIST = join(ROOT, "dist");
export const COMMAND_LINE = join(DIST, "cli.js");

/**
 * Everything that the demo makes on a machine: its key, the registry, the built page. Never committed. Two demos at
 * once need a folder each: DARKROOM_CACHE names another one.
 */
export const CACHE = resolve(ROOT, process.env["DARKROOM_CACHE"] ?? ".cache/demo");
/** Served beside the page: the registry and the sample files. */
export const PUBLIC = join(CACHE, "public");
export const SITE = join(CACHE, "site");
/** Without `.pem` and `.pub`. */
export const PUBLISHER = join(CACHE, "publisher");
