import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { PluginError } from "../../errors/plugin-error.js";
import { readBoundedFile, unreadable } from "../read-bounded-file.js";
import { checkFidiusPaths } from "./fidius-paths.js";
import { FID_LIMITS } from "./read-fid-archive.js";

/**
 * All files of a fidius package's directory, but for what is built in it: `target` and `.git`, at any depth. fidius follows links
 * there; here they are refused, because what they lead to is another package's.
 *
 * @throws {PluginError} `package-invalid`, `package-too-large`, `source-unreachable`
 */
export async function readFidiusDirectory(directory: string): Promise<Map<string, Uint8Array>> {
  const refuse = (reason: string): PluginError => new PluginError({ code: "package-invalid", stage: "pack", message: `Cannot import ${directory}: ${reason}` });
  const files = new Map<string, Uint8Array>();
  let total = 0;
  const walk = async (prefix: string): Promise<void> => {
    const entries = await readdir(join(directory, prefix), { withFileTypes: true }).catch((cause: unknown) => {
      throw unreadable(directory, "pack", cause);
    });
    for (const entry of entries) {
      const path = `${prefix}${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name !== "target" && entry.name !== ".git") await walk(`${path}/`);
        continue;
      }
      if (!entry.isFile()) throw refuse(`${path} is neither a plain file nor a directory`);
      if (files.size >= FID_LIMITS.entries) throw new PluginError({ code: "package-too-large", stage: "pack", message: `Cannot import ${directory}: it has more than ${FID_LIMITS.entries} files` });
      const content = await readBoundedFile(join(directory, path), FID_LIMITS.contentBytes - total, "pack");
      total += content.length;
      files.set(path, content);
    }
  };
  await walk("");
  checkFidiusPaths(files.keys(), refuse);
  return files;
}
