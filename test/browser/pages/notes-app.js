/* An app that implements probe:notes/store: well, or in one of the ways in which an app can fail. */
import { handle } from "./plugins.js";
import { hostInterface, ResultError } from "../dist/index.js";

export const calls = [];
export const disposed = [];

/** A cursor over the lines of a note. */
class Cursor {
  constructor(path) {
    this.lines = (notes.get(path) ?? "").split("\n");
    this.given = 0;
  }
  async next() {
    if (this.given === this.lines.length) return undefined;
    this.given += 1;
    return this.lines[this.given - 1];
  }
  static close(cursor) {
    return cursor.given;
  }
  [Symbol.dispose]() {
    disposed.push(this.given);
  }
}

export const notes = new Map([["today", "milk\nbread"], ["/notes/open", "public"], ["/notes/../secret", "leak"]]);

const later = (value) => new Promise((resolve) => setTimeout(resolve, 5, value));

/** Calls the plugin that waits for it, once at once and once later, and answers with what it was told. */
async function callBack(_path, { signal }) {
  const told = [];
  for (const options of [{}, { signal }]) {
    await handle("notes-rust").call("run", ["now", []], options).catch((error) => told.push(`${error.code} ${/\((.*)\)/.exec(error.message)?.[1]}`));
    await later(undefined);
  }
  return told.join("\n");
}

/** Ways to answer `now`, which has no error case, and `read`, whose error is a text. */
const behaviours = {
  well: { now: () => 5n, read: undefined },
  synchronously: { now: () => 7n, read: (path) => notes.get(path) ?? "" },
  throws: { now: () => { throw new Error("the secret of the app"); }, read: () => { throw new Error("the secret of the app"); } },
  rejects: { now: () => Promise.reject(new Error("the secret of the app")), read: () => Promise.reject(new Error("the secret of the app")) },
  hangs: { now: () => new Promise(() => undefined), read: () => new Promise(() => undefined) },
  lies: { now: () => "soon", read: () => ({ not: "a text" }) },
  nothing: { now: () => undefined, read: () => undefined },
  errors: { now: () => { throw new ResultError("an error that it does not have"); }, read: () => { throw new ResultError("no such note"); } },
  callsBack: { now: () => 5n, read: callBack },
  wrongError: { now: () => 5n, read: () => { throw new ResultError({ code: 3 }); } },
};

/** Host options: the store, in one of the {@link behaviours}. */
export function createNotes(portcullis, { world, behaviour = "well", documentation = "Read and write your notes" }) {
  const { now, read } = behaviours[behaviour];
  const implementation = {
    now,
    read: read ?? (async (path, { plugin }) => {
      calls.push({ path, plugin });
      if (!notes.has(path)) throw new ResultError(`no note ${path}`);
      return later(notes.get(path));
    }),
    async write(path, text) {
      if (path === "") throw new ResultError({ tag: "not-found" });
      if (path === "full") throw new ResultError({ tag: "other", val: "the disk is full" });
      notes.set(path, text);
    },
    echo: async (value) => later(value),
    checksum: (data) => data.reduce((sum, byte) => (sum + byte) >>> 0, 0),
    open: async (path) => {
      if (!notes.has(path)) throw new ResultError(`no note ${path}`);
      return new Cursor(path);
    },
    share: (cursor) => `${cursor.lines.length} lines`,
    Cursor,
  };
  const descriptor = portcullis.defineHostInterface({ name: "probe:notes/store@1.0.0", world });
  return { imports: [hostInterface(descriptor, implementation, { documentation, timeoutMs: 300 })] };
}
