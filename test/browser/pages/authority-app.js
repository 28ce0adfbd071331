/* An app that has something behind every capability, for the guests of probe:authority. */
import { memoryDirectory, memoryKeyValue } from "../dist/backends.js";

export const directories = new Map();

/** Host options: what `probe:authority` may be given. `make` puts other directories in place of the ones in memory. */
export function createProvisions(_portcullis, { stdin = "line one\nline two" } = {}) {
  directories.set("/data", memoryDirectory({ "notes.txt": "kept", "sub/inner.txt": "inside", ["__proto__"]: "a name like others" }));
  directories.set("/library", memoryDirectory({ "book.txt": "read me" }));
  return {
    provide: {
      environment: { PROBE: "probe value", SECRET: "hidden" },
      arguments: ["probe", "--flag", "two words"],
      stdin,
      config: { greeting: "hello", unused: "" },
      directories: Object.fromEntries(directories),
      keyvalue: memoryKeyValue(),
    },
  };
}
