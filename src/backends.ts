/* The entry `portcullis/backends`: what an app passes to `provide`. Apart, so that a page without plugins never downloads it. */
export { handleDirectory, opfsDirectory, type BrowserDirectoryOptions } from "./broker/filesystem/browser-directories.js";
export {
  DIRECTORY_ERROR_CODES,
  DirectoryError,
  type DirectoryBackend,
  type DirectoryEntry,
  type DirectoryErrorCode,
  type DirectoryPath,
  type EntryKind,
  type EntryStat,
  type EntryTimes,
} from "./broker/filesystem/directory-backend.js";
export { memoryDirectory, type MemoryDirectoryOptions } from "./broker/filesystem/memory-directory.js";
export { type KeyValueBackend, type KeyValueBucket, type KeyValueChange, keyValueIdentity, type KeyValueUsage } from "./broker/keyvalue/backend.js";
export { indexedDbKeyValue, type IndexedDbKeyValueOptions } from "./broker/keyvalue/indexeddb-keyvalue.js";
export { memoryKeyValue } from "./broker/keyvalue/memory-keyvalue.js";
export type { StandardInputContent, StandardInputSource } from "./broker/standard-input.js";
