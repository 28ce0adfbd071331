/** The exported resources that the host holds, by number. Only numbers cross to the page, never objects. */
export class ResourceTable {
  readonly #objects = new Map<number, object>();
  #next = 1;

  add(object: object): number {
    const id = this.#next;
    this.#next += 1;
    this.#objects.set(id, object);
    return id;
  }

  get(id: unknown): object | undefined {
    return typeof id === "number" ? this.#objects.get(id) : undefined;
  }

  /** Takes a resource out: its ownership has gone to the guest, or the host has dropped it. */
  take(id: unknown): object | undefined {
    const object = this.get(id);
    if (typeof id === "number") this.#objects.delete(id);
    return object;
  }
}
