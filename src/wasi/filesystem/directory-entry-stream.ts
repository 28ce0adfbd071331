import { after, type Awaitable } from "../awaitable.js";
import { disposeSymbol, type GuestContext } from "../guest-context.js";

/** `directory-entry`. */
interface DirectoryEntry {
  readonly type: string;
  readonly name: string;
}

/** `wasi:filesystem/types` `directory-entry-stream`: a listing on the page, fetched by the hundreds. */
export class DirectoryEntryStream {
  readonly #context: GuestContext;
  readonly #listing: number;
  #fetched: DirectoryEntry[] = [];

  constructor(context: GuestContext, listing: number) {
    this.#context = context;
    this.#listing = listing;
  }

  readDirectoryEntry(): Awaitable<DirectoryEntry | undefined> {
    const next = this.#fetched.shift();
    if (next !== undefined) return next;
    return after(this.#context.channel.call("filesystem.next-entries", [this.#listing]), (entries) => {
      this.#fetched = [...(entries as readonly DirectoryEntry[])];
      return this.#fetched.shift();
    });
  }

  [disposeSymbol](): void {
    this.#context.channel.send("handle.drop", [this.#listing]);
  }
}
