import type { DirectoryBackend, DirectoryPath } from "../../../src/broker/filesystem/directory-backend.js";
/** A backend that notes every path that it is asked for. */
export function recorded(backend: DirectoryBackend): { readonly backend: DirectoryBackend; readonly asked: DirectoryPath[] } {
  const asked: DirectoryPath[] = [];
  const note = <Path extends DirectoryPath>(path: Path): Path => {
    asked.push(path);
    return path;
  };
  return {
    asked,
    backend: {
      stat: (path) => backend.stat(note(path)),
      list: (path) => backend.list(note(path)),
      read: (path, offset, length) => backend.read(note(path), offset, length),
      write: (path, offset, content) => backend.write(note(path), offset, content),
      resize: (path, size) => backend.resize(note(path), size),
      createFile: (path) => backend.createFile(note(path)),
      createDirectory: (path) => backend.createDirectory(note(path)),
      removeFile: (path) => backend.removeFile(note(path)),
      removeDirectory: (path) => backend.removeDirectory(note(path)),
      rename: (from, to) => backend.rename(note(from), note(to)),
    },
  };
}
