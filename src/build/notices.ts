import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * The text of THIRD-PARTY-NOTICES.txt: name, version and licence texts of every package that one of the
 * bundled `modules` comes from.
 *
 * @throws {Error} for a package without a licence text.
 */
export async function thirdPartyNotices(modules: Iterable<string>): Promise<string> {
  const folders = new Set<string>();
  for (const module of modules) {
    const folder = packageFolder(module);
    if (folder !== undefined) folders.add(folder);
  }
  const notices = await Promise.all([...folders].map(notice));
  return [
    "This package contains code of the following packages, each under its own licence.\n",
    ...notices.sort(),
  ].join(`\n${"-".repeat(80)}\n\n`);
}

function packageFolder(module: string): string | undefined {
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(module)?.[1];
}

async function notice(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Record<"name" | "version" | "license", string | undefined>;
  const files = (await readdir(folder)).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file)).sort();
  if (files.length === 0) throw new Error(`Cannot write the notices: ${name}@${version} has no licence text in ${basename(dirname(folder))}`);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return `${name} ${version}\nLicence: ${license}\n\n${texts.map((text) => text.trim()).join("\n\n")}\n`;
}
