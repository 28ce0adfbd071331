import type { Terminal, TerminalOutput } from "./terminal.js";

/** How a text looks. Without colours, every style is plain. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/** How one run of a command speaks: results on standard output, everything else on standard error. */
export class Session {
  /** Print one JSON value instead of text. */
  readonly json: boolean;
  /** For standard output. */
  readonly style: Style;
  readonly terminal: Terminal;
  readonly #errorStyle: Style;
  #progressShown = false;

  constructor(terminal: Terminal, json: boolean) {
    this.terminal = terminal;
    this.json = json;
    this.style = styleFor(terminal.stdout, terminal);
    this.#errorStyle = styleFor(terminal.stderr, terminal);
  }

  /** Prints a result: `value` as JSON, or the lines of text. */
  print(value: unknown, lines: () => readonly string[]): void {
    this.clearProgress();
    this.terminal.stdout.write(this.json ? `${JSON.stringify(value, null, 2)}\n` : lines().map((line) => `${line}\n`).join(""));
  }

  /** Prints text that is a file's content. */
  printContent(text: string): void {
    this.clearProgress();
    this.terminal.stdout.write(text);
  }

  warn(message: string): void {
    this.clearProgress();
    if (!this.json) this.terminal.stderr.write(`${this.#errorStyle.yellow("warning:")} ${withoutControls(message)}\n`);
  }

  /** Prints an error: as JSON on standard output, where a program looks, or as text. */
  fail(error: { readonly code: string; readonly message: string } & Readonly<Record<string, unknown>>, details?: string): void {
    this.clearProgress();
    if (this.json) this.terminal.stdout.write(`${JSON.stringify({ error }, null, 2)}\n`);
    else this.terminal.stderr.write(`${this.#errorStyle.red(`error[${error.code}]:`)} ${withoutControls(error.message)}\n`);
    if (details !== undefined) this.terminal.stderr.write(`${details}\n`);
  }

  /** Shows what is going on, where somebody watches. The next output takes its place. */
  progress(text: string): void {
    if (!this.terminal.stderr.isTerminal) return;
    this.clearProgress();
    this.terminal.stderr.write(this.#errorStyle.dim(`${withoutControls(text)}…`));
    this.#progressShown = true;
  }

  clearProgress(): void {
    if (this.#progressShown) this.terminal.stderr.write("\r\u001b[K");
    this.#progressShown = false;
  }
}

function styleFor(output: TerminalOutput, { environment }: Terminal): Style {
  // https://no-color.org: present and not empty, whatever its value.
  const isPlain = !output.isTerminal || (environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb";
  const paint = (start: number, end: number) => (text: string) => (isPlain ? text : `\u001b[${start}m${text}\u001b[${end}m`);
  return { bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), green: paint(32, 39), yellow: paint(33, 39) };
}

// A file's name may hold anything, and a terminal obeys what it is sent.
function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, "\ufffd");
}
