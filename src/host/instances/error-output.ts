// What a panic or an uncaught exception writes fits, with its stack.
const KEPT_LENGTH = 8_192;

/** The end of what one instance wrote to its standard error: often the only place that says why it trapped. */
export class ErrorOutput {
  #text = "";

  get text(): string {
    return this.#text;
  }

  add(text: string): void {
    this.#text = (this.#text + text.slice(-KEPT_LENGTH)).slice(-KEPT_LENGTH);
  }

  clear(): void {
    this.#text = "";
  }
}
