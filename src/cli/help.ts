import type { Command, CommandOption } from "./command.js";
import { COMMON_OPTIONS } from "./command.js";
import type { Style } from "./session.js";

/** The help of `portcullis` itself. */
export function generalHelp(commands: readonly Command[], version: string, style: Style): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const);
  return [
    `portcullis ${version}: pack, check and publish WebAssembly plugins for browsers`,
    "",
    `${style.bold("Usage:")} portcullis <command> [options]`,
    "",
    style.bold("Commands:"),
    ...table(rows),
    "",
    style.bold("Options:"),
    ...table([["-h, --help", "Print this help, or that of a command"], ["    --version", "Print the version"]]),
    "",
    style.bold("Examples:"),
    "  portcullis keygen --out keys/publisher",
    "  portcullis pack blur --key keys/publisher.pem --out public/plugins",
    "  portcullis index public/plugins --key keys/publisher.pem",
    "  portcullis serve public/plugins",
    "",
    "Exit codes: 0 success, 1 refused or failed, 2 wrong usage.",
    "",
  ].join("\n");
}

/** The help of one command. */
export function commandHelp({ name, summary, usage, options, examples }: Command, style: Style): string {
  const rows = [...options, ...COMMON_OPTIONS].map((option) => [optionLabel(option), optionText(option)] as const);
  return [
    summary,
    "",
    `${style.bold("Usage:")} portcullis ${name} ${usage}`,
    "",
    style.bold("Options:"),
    ...table(rows),
    "",
    style.bold("Examples:"),
    ...examples.flatMap(([line, what]) => [`  ${style.dim(`# ${what}`)}`, `  portcullis ${line}`]),
    "",
  ].join("\n");
}

function optionLabel({ name, short, value }: CommandOption): string {
  return `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` <${value}>`}`;
}

function optionText({ description, repeatable }: CommandOption): string {
  return repeatable === true ? `${description} (may be repeated)` : description;
}

/** Two columns. */
export function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`.trimEnd());
}
