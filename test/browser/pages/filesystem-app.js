/* An app that offers one directory, at /data, of the kind that a spec wants. */
import { handleDirectory, memoryDirectory, opfsDirectory } from "../dist/backends.js";

let current;

export async function createDirectory(_portcullis, { kind, name, maximumBytes = 10_000_000 }) {
  current = await open(kind, name, { maximumBytes });
  return { provide: { directories: { "/data": current } } };
}

async function open(kind, name, options) {
  if (kind === "memory") return memoryDirectory({}, options);
  if (kind === "opfs") return opfsDirectory(`plugins/${name}`, options);
  // What a person would pick: the browser gives the same kind of handle.
  const root = await navigator.storage.getDirectory();
  return handleDirectory(await root.getDirectoryHandle(name, { create: true }), options);
}

/** A backend of the app's own, which fails. */
export function createBroken() {
  const broken = () => Promise.reject(new Error("the app's own secret"));
  const names = ["stat", "list", "read", "write", "resize", "createFile", "createDirectory", "removeFile", "removeDirectory", "rename"];
  return { provide: { directories: { "/data": Object.fromEntries(names.map((name) => [name, broken])) } } };
}

/** Puts a file there as the app itself does. */
export async function put(path, content) {
  const names = path.split("/");
  for (let depth = 1; depth < names.length; depth += 1) await current.createDirectory(names.slice(0, depth)).catch(() => undefined);
  await current.createFile(names).catch(() => undefined);
  await current.resize(names, 0);
  await current.write(names, 0, new TextEncoder().encode(content));
}

/** Everything that is there, as the app sees it. */
export async function everything(path = []) {
  const found = {};
  for (const { name, kind } of await current.list(path)) {
    const below = [...path, name];
    if (kind === "directory") Object.assign(found, { [`${below.join("/")}/`]: null }, await everything(below));
    else found[below.join("/")] = new TextDecoder().decode(await current.read(below, 0, 1_000_000));
  }
  return found;
}
