import { parseArgs } from "node:util";
import { PluginError } from "../errors/plugin-error.js";
import type { Session } from "./session.js";

/** One of the commands of `portcullis`. */
export interface Command {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What follows the name, such as `<package> --key <file>`. */
  readonly usage: string;
  readonly options: readonly CommandOption[];
  /** Command lines, each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** @returns the exit code */
  run(input: CommandInput): Promise<number>;
}

export interface CommandOption {
  /** Without dashes. */
  readonly name: string;
  readonly short?: string;
  /** Name of its value in the help; without it, the option is a switch. */
  readonly value?: string;
  /** May be given several times. */
  readonly repeatable?: boolean;
  readonly description: string;
}

export interface CommandInput {
  readonly positionals: readonly string[];
  readonly options: OptionValues;
  readonly session: Session;
}

/** Options that every command has. */
export const COMMON_OPTIONS: readonly CommandOption[] = [
  { name: "json", description: "Print one JSON value, for programs" },
  { name: "help", short: "h", description: "Print this help" },
];

/** The options that were given. */
export class OptionValues {
  readonly #values: ReadonlyMap<string, readonly (string | boolean)[]>;

  constructor(values: ReadonlyMap<string, readonly (string | boolean)[]>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The value of an option, the last one if it was given several times. */
  text(name: string): string | undefined {
    return this.texts(name).at(-1);
  }

  texts(name: string): string[] {
    return (this.#values.get(name) ?? []).filter((value) => typeof value === "string");
  }

  /**
   * The value of an option as a number.
   *
   * @throws {PluginError} `usage-invalid`
   */
  number(name: string, { minimum, maximum }: { readonly minimum: number; readonly maximum: number }): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= minimum && number <= maximum) return number;
    throw usageError(`--${name} must be a whole number from ${minimum} to ${maximum}, not ${JSON.stringify(text)}`);
  }
}

/**
 * Reads a command's arguments.
 *
 * @throws {PluginError} `usage-invalid`
 */
export function parseCommandLine(command: Command, args: readonly string[]): Omit<CommandInput, "session"> {
  const options = Object.fromEntries([...command.options, ...COMMON_OPTIONS].map(({ name, short, value }) => [
    name,
    { type: value === undefined ? ("boolean" as const) : ("string" as const), multiple: true, ...(short === undefined ? {} : { short }) },
  ]));
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    const given = Object.entries(values).map(([name, value]) => [name, Array.isArray(value) ? value : []] as const);
    return { positionals, options: new OptionValues(new Map(given)) };
  } catch (cause) {
    const [reason = ""] = cause instanceof Error ? cause.message.split(". ", 1) : [];
    throw usageError(`${reason}. See portcullis ${command.name} --help`, cause);
  }
}

/**
 * The one positional argument that a command takes.
 *
 * @throws {PluginError} `usage-invalid`
 */
export function onlyPositional({ positionals }: CommandInput, name: string): string {
  const [first, ...more] = positionals;
  if (first === undefined) throw usageError(`<${name}> is missing`);
  if (more.length > 0) throw usageError(`one <${name}> is expected, and ${positionals.length} were given: ${positionals.join(" ")}`);
  return first;
}

/** An error in how a command was called. */
export function usageError(message: string, cause?: unknown): PluginError {
  return new PluginError({ code: "usage-invalid", stage: "configure", message, cause });
}
