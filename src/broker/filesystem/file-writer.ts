import { PendingWrite } from "./pending-write.js";
import type { SpaceBudget } from "./space-budget.js";

// Long enough for the next piece of the same write, short enough that nothing is lost when a person leaves the page.
const COMMIT_MILLISECONDS = 20;

interface OpenWrite {
  readonly key: string;
  readonly write: PendingWrite;
  readonly timer: ReturnType<typeof setTimeout>;
  readonly budget: SpaceBudget;
}

/** The one file that a directory is writing to, and when that is committed. Its methods are never called at once. */
export class FileWriter {
  readonly #commitInTurn: () => void;
  #open: OpenWrite | undefined;
  /** Failures of commits that nobody waited for, by file: whoever uses it next has them. */
  readonly #failed = new Map<string, unknown>();

  /** @param commitInTurn - calls {@link commit} when nothing else is being done. */
  constructor(commitInTurn: () => void) {
    this.#commitInTurn = commitInTurn;
  }

  isWriting(key: string): boolean {
    return this.#open?.key === key;
  }

  /** Begins or goes on to write to a file, after what is pending for another was committed. */
  async open(key: string, budget: SpaceBudget, find: () => Promise<FileSystemFileHandle>): Promise<PendingWrite> {
    if (!this.isWriting(key)) await this.commit();
    this.throwFailure(key);
    const write = this.#open?.write ?? (await PendingWrite.open(await find()));
    clearTimeout(this.#open?.timer);
    this.#open = { key, budget, write, timer: setTimeout(this.#commitInTurn, COMMIT_MILLISECONDS) };
    return write;
  }

  /** Changes the open file, whose size will be at most `size`. */
  async change(size: number, work: () => Promise<void>): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    const { budget } = open;
    const before = open.write.size;
    const more = Math.max(0, size - before);
    budget.take(more);
    try {
      await work();
      // A file that was cut off.
      budget.give(Math.max(0, before - open.write.size));
    } catch (error) {
      // The browser gives up all that was pending. The guest learns it from this error.
      clearTimeout(open.timer);
      this.#open = undefined;
      budget.give(more + open.write.growth);
      await open.write.abort();
      throw error;
    }
  }

  /** Puts what is pending into its file. Never rejects: that it failed is for whoever uses that file next. */
  async commit(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    clearTimeout(open.timer);
    this.#open = undefined;
    try {
      await open.write.commit();
    } catch (error) {
      open.budget.give(open.write.growth);
      this.#failed.set(open.key, error);
    }
  }

  throwFailure(key: string): void {
    if (!this.#failed.has(key)) return;
    const failure = this.#failed.get(key);
    this.#failed.delete(key);
    throw failure;
  }

  /** The file is gone. */
  forget(key: string): void {
    this.#failed.delete(key);
  }
}
