import { HOST_VERSION } from "../admission/host-version.js";
import { PluginError } from "../errors/plugin-error.js";
import { type Command, parseCommandLine, usageError } from "./command.js";
import { bridgeCommand } from "./commands/bridge.js";
import { executorCommand } from "./commands/executor.js";
import { indexCommand } from "./commands/index.js";
import { inspectCommand } from "./commands/inspect.js";
import { keygenCommand } from "./commands/keygen.js";
import { importCommand } from "./commands/import.js";
import { packCommand } from "./commands/pack.js";
import { serveCommand } from "./commands/serve.js";
import { signCommand } from "./commands/sign.js";
import { typesCommand } from "./commands/types.js";
import { verifyCommand } from "./commands/verify.js";
import { commandHelp, generalHelp } from "./help.js";
import { Session } from "./session.js";
import type { Terminal } from "./terminal.js";

const COMMANDS: readonly Command[] = [
  packCommand, importCommand, inspectCommand, typesCommand, keygenCommand, signCommand, verifyCommand, indexCommand, serveCommand, bridgeCommand,
  executorCommand,
];

/**
 * Runs `portcullis` with the arguments that follow its name.
 *
 * @returns the exit code: 0 for success, 1 if something was refused or failed, 2 for wrong usage
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const session = new Session(terminal, beforeTerminator(args).includes("--json"));
  try {
    return await dispatch(args, session);
  } catch (error) {
    return report(error, session);
  } finally {
    session.clearProgress();
  }
}

async function dispatch(args: readonly string[], session: Session): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--version" || name === "-v") {
    session.print({ version: HOST_VERSION }, () => [HOST_VERSION]);
    return 0;
  }
  if (name === undefined || name === "--help" || name === "-h" || (name === "help" && rest.length === 0)) {
    session.printContent(generalHelp(COMMANDS, HOST_VERSION, session.style));
    return name === undefined ? 2 : 0;
  }
  const [wanted, helpWanted] = name === "help" ? [rest[0], true] : [name, asksForHelp(rest)];
  const command = COMMANDS.find((candidate) => candidate.name === wanted);
  if (command === undefined) {
    throw usageError(`There is no command ${JSON.stringify(wanted)}. The commands are ${COMMANDS.map((known) => known.name).join(", ")}`);
  }
  if (helpWanted) {
    session.printContent(commandHelp(command, session.style));
    return 0;
  }
  return command.run({ ...parseCommandLine(command, rest), session });
}

// Before the rest is read, so that help is given to whoever has the rest wrong.
function asksForHelp(args: readonly string[]): boolean {
  return beforeTerminator(args).some((argument) => argument === "--help" || argument === "-h");
}

function beforeTerminator(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return end === -1 ? args : args.slice(0, end);
}

function report(error: unknown, session: Session): number {
  const debug = (session.terminal.environment["PORTCULLIS_DEBUG"] ?? "") !== "";
  const details = debug && error instanceof Error ? stackOf(error) : undefined;
  if (error instanceof PluginError) {
    const { code, stage, message, pluginId } = error;
    session.fail({ code, stage, message, ...(pluginId === undefined ? {} : { pluginId }) }, details);
    return code === "usage-invalid" ? 2 : 1;
  }
  const message = error instanceof Error ? error.message : String(error);
  session.fail({ code: "internal", message: `${message}. This is a defect in portcullis; run it again with PORTCULLIS_DEBUG=1 and report what it prints` }, details);
  return 1;
}

function stackOf(error: Error): string {
  const stack = error.stack ?? String(error);
  return error.cause instanceof Error ? `${stack}\nCaused by: ${stackOf(error.cause)}` : stack;
}
