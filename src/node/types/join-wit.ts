const PACKAGE_STATEMENT = /^[ \t]*package\s+([^\s;{]+)\s*;/m;

/**
 * The packages of `files` (text by path) as one WIT text: the package of the first folder, then the others
 * nested in it. Good enough to learn what is wrong with them; comments may end up at another item.
 */
export function joinWit(files: ReadonlyMap<string, string>): string {
  const folders = new Map<string, { name: string; readonly bodies: string[] }>();
  for (const [path, text] of [...files].sort(([a], [b]) => depthOf(a) - depthOf(b))) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    const joined = folders.get(folder) ?? { name: "", bodies: [] };
    folders.set(folder, joined);
    joined.name ||= PACKAGE_STATEMENT.exec(text)?.[1] ?? "";
    joined.bodies.push(text.replace(PACKAGE_STATEMENT, ""));
  }
  const [root, ...others] = folders.values();
  if (root === undefined) return "";
  const nested = others.map(({ name, bodies }) => `package ${name} {\n${bodies.join("\n")}\n}`);
  return [...(root.name === "" ? [] : [`package ${root.name};`]), ...root.bodies, ...nested].join("\n");
}

function depthOf(path: string): number {
  return path.split("/").length;
}
