/** Packs this repository and installs the archive into consumer apps outside it, as a user would. */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createTestServer } from "../support/server.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HERE = fileURLToPath(new URL("./", import.meta.url));
const require = createRequire(import.meta.url);

export type AppName = "vite" | "webpack" | "plain";

/** A packed archive, in a folder of its own that {@link PackedPackage.dispose} removes. */
export interface PackedPackage {
  readonly archive: string;
  readonly folder: string;
  dispose(): Promise<void>;
}

export async function packPackage(): Promise<PackedPackage> {
  const folder = await mkdtemp(join(tmpdir(), "portcullis-package-"));
  await run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], ROOT);
  const archive = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
  if (archive === undefined) throw new Error(`npm pack left no archive in ${folder}`);
  return { archive: join(folder, archive), folder, dispose: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * A copy of `apps/<name>` with the archive installed. It is outside the repository, so that nothing which the
 * package forgot to carry is found in the repository's own `node_modules`.
 */
export async function installInto(packed: PackedPackage, name: AppName): Promise<string> {
  const folder = join(packed.folder, name);
  await cp(join(HERE, "apps", name), folder, { recursive: true });
  await cp(join(HERE, "scenario.js"), join(folder, "scenario.js"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: `consumer-${name}`, private: true, type: "module" }));
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", packed.archive], folder);
  return folder;
}

/** Builds the app with the repository's bundler and gives the folder to serve. */
export async function buildApp(name: AppName, folder: string): Promise<string> {
  if (name === "plain") return folder;
  if (name === "vite") {
    await run(process.execPath, [join(packageFolder("vite"), "bin/vite.js"), "build", "--base", "./"], folder);
  } else {
    await run(process.execPath, [join(packageFolder("webpack"), "bin/webpack.js")], folder);
    await cp(join(folder, "index.html"), join(folder, "dist/index.html"));
  }
  return join(folder, "dist");
}

/** Serves `folder` at `/app/` until the callback is done. */
export async function serving<Result>(folder: string, use: (url: string) => Promise<Result>): Promise<Result> {
  // Beside the app stand the components and packages that its scenario loads.
  const server = createTestServer({ areas: { app: [folder, join(ROOT, ".cache/packages"), join(ROOT, "test")] } });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot tell the test server's port");
  try {
    return await use(`http://127.0.0.1:${address.port}/app/index.html`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Bytes of all files below `folder`. */
export async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

/** Runs a command to its end and gives what it printed. */
export function run(command: string, commandArguments: readonly string[], folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, commandArguments, {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      // npm is a script on Windows; nothing here comes from outside.
      shell: process.platform === "win32" && command === "npm",
    });
    let output = "";
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${basename(command)} ${commandArguments.join(" ")} failed with exit code ${code}:\n${output}`));
    });
  });
}

/** The folder of one of the repository's own packages. */
export function packageFolder(name: string): string {
  return dirname(require.resolve(`${name}/package.json`));
}
