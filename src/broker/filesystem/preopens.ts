import type { Capability, FsCapability } from "../../capability/capability.js";
import { pathIncludes } from "../../capability/path-match.js";
import type { DirectoryBackend, DirectoryPath } from "./directory-backend.js";

/** A directory that an instance finds open. Nothing above it can be reached. */
export interface Preopen {
  /** Where the guest sees it. */
  readonly path: string;
  readonly access: "ro" | "rw";
  readonly backend: DirectoryBackend;
  /** Where it is in `backend`. */
  readonly base: DirectoryPath;
}

/**
 * What `fs:` capabilities open of the directories that an app offers. One that lies in an offered directory opens
 * that part of it. One that offered directories lie in opens each of them. One that meets none opens nothing.
 *
 * @param directories - by the guest path at which the app offers each.
 */
export function choosePreopens(capabilities: readonly Capability[], directories: ReadonlyMap<string, DirectoryBackend>): readonly Preopen[] {
  const chosen = new Map<string, Preopen>();
  const add = (preopen: Preopen) => {
    // Both accesses may be granted to one path: the wider includes the other.
    if (chosen.get(preopen.path)?.access !== "rw") chosen.set(preopen.path, preopen);
  };
  for (const capability of capabilities) {
    if (capability.kind !== "fs") continue;
    const { access, path } = capability;
    const [offered, backend] = innermost(capability, directories) ?? [];
    if (offered !== undefined && backend !== undefined) add({ path, access, backend, base: below(offered, path) });
    for (const [inner, itsBackend] of directories) {
      if (inner !== path && pathIncludes(path, inner)) add({ path: inner, access, backend: itsBackend, base: [] });
    }
  }
  return [...chosen.values()];
}

/** Of the offered directories that `capability` lies in, the one with the longest path. */
function innermost({ path }: FsCapability, directories: ReadonlyMap<string, DirectoryBackend>): readonly [string, DirectoryBackend] | undefined {
  let found: readonly [string, DirectoryBackend] | undefined;
  for (const entry of directories) {
    if (pathIncludes(entry[0], path) && entry[0].length >= (found?.[0].length ?? 0)) found = entry;
  }
  return found;
}

function below(outer: string, inner: string): DirectoryPath {
  return inner.slice(outer.length).split("/").filter((name) => name !== "");
}
