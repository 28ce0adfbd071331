import { chmod, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PluginError } from "../../errors/plugin-error.js";
import { isInside } from "../read-bounded-file.js";
import type { RunnablePlugin } from "./plugin-catalogue.js";
import { removeTree } from "./remove-tree.js";

/**
 * The verified files of packages, written once each into a folder that only this process can change: what was verified is what is
 * loaded, whatever happens to the package's own folder later.
 */
export class PluginFiles {
  readonly #root: string;
  readonly #written = new Map<string, Promise<string>>();

  /** @param root - a folder of this process's own, which the instances' users can pass through. */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * The folder with a plugin's files.
   *
   * @throws {PluginError} what reading and verifying them throws; `package-invalid` for a path that leads out of the package;
   *   `storage-failed` if they cannot be written. It is tried again the next time.
   */
  async folderOf(plugin: RunnablePlugin): Promise<string> {
    const known = this.#written.get(plugin.manifestSha256);
    if (known !== undefined) return known;
    const written = this.#write(plugin);
    this.#written.set(plugin.manifestSha256, written);
    written.catch(() => this.#written.delete(plugin.manifestSha256));
    return written;
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#written.values());
  }

  async #write(plugin: RunnablePlugin): Promise<string> {
    const folder = await system(plugin.manifest.id, () => mkdtemp(join(this.#root, "plugin-")));
    try {
      const folders = new Set([folder]);
      for (const { path } of plugin.manifest.files) {
        const target = join(folder, path);
        if (!isInside(folder, target)) throw escaping(plugin.manifest.id, path);
        const content = await plugin.readFile(path);
        await system(plugin.manifest.id, async () => {
          await mkdir(dirname(target), { recursive: true });
          // `wx`: a path that is there already would be another spelling of one before.
          await writeFile(target, content, { flag: "wx" });
          await chmod(target, 0o444);
        });
        for (let parent = dirname(target); isInside(folder, parent); parent = dirname(parent)) folders.add(parent);
      }
      await system(plugin.manifest.id, () => Promise.all([...folders].map((path) => chmod(path, 0o555))));
      return folder;
    } catch (error) {
      await removeTree(folder);
      throw error;
    }
  }
}

async function system<T>(pluginId: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    const message = `Cannot start ${pluginId}: its files cannot be written to the executor's folder for temporary files (${String(cause)}). Make room there, or give the executor another folder`;
    throw new PluginError({ code: "storage-failed", stage: "instantiate", pluginId, message, cause });
  }
}

function escaping(pluginId: string, path: string): PluginError {
  return new PluginError({ code: "package-invalid", stage: "instantiate", pluginId, message: `Cannot start ${pluginId}: its file ${JSON.stringify(path)} leads out of its package` });
}
