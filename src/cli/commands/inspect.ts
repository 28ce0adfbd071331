import { bridgeCodeText, methodLines } from "../../node/bridge-text.js";
import { configText } from "../../node/config-text.js";
import { inspectPackage, type Inspection, type OutputInspection } from "../../node/inspect.js";
import { readPublicKey } from "../../node/read-keys.js";
import { byteSize } from "../byte-size.js";
import { onlyPositional, type Command } from "../command.js";
import type { Session, Style } from "../session.js";

/** `portcullis inspect` */
export const inspectCommand: Command = {
  name: "inspect",
  summary: "Print what a package or component is and wants, without running any of it",
  usage: "<package|component.wasm> [--trust <key|file>]",
  options: [{ name: "trust", short: "t", value: "key|file", repeatable: true, description: "A public key to check signatures with" }],
  examples: [
    ["inspect acme.blur-1.0.0.tar.gz", "Print identity, interface, imports, capabilities and signatures"],
    ["inspect blur.wasm --json", "The same of a bare component, for a program"],
  ],
  async run(input) {
    const { options, session } = input;
    const keys = await Promise.all(options.texts("trust").map(readPublicKey));
    const inspection = await inspectPackage({ path: onlyPositional(input, "package|component.wasm"), keys });
    session.print(inspection, () => lines(inspection, session));
    return 0;
  },
};

function lines(inspection: Inspection, { style }: Session): string[] {
  const { manifest, form, size, manifestMatches, exports, transpiled } = inspection;
  const { title, description, author, license, homepage } = manifest.metadata;
  const code = bridgeCodeText(manifest);
  const about = [["title", title], ["description", description], ["author", author], ["license", license], ["homepage", homepage]] as const;
  return [
    `${style.bold(`${manifest.id} ${manifest.version}`)} ${style.dim(`${form}, ${byteSize(size)}`)}`,
    ...about.flatMap(([label, text]) => (text === undefined ? [] : [`  ${label.padEnd(12)}${text}`])),
    `  ${"runtime".padEnd(12)}${manifest.runtime}${code === undefined ? "" : `, on a bridge: ${code}`}${manifest.minimumHost === undefined ? "" : `, Portcullis ${manifest.minimumHost} or newer`}`,
    `  ${"interface".padEnd(12)}${manifest.interface.name} ${style.dim(`version ${manifest.interface.version}`)}`,
    `  ${"hash".padEnd(12)}${manifest.interface.hash}`,
    ...(manifest.bridge === undefined ? [] : [`  ${"fidius hash".padEnd(12)}0x${manifest.bridge.interfaceHash}`]),
    ...(manifestMatches ? [] : [style.red(`  The manifest and the ${code === undefined ? "component" : "code"} disagree: every host refuses this package`)]),
    "",
    style.bold("Exports"),
    ...indent(exports === "" ? "nothing" : exports),
    ...section(style.bold("Methods"), methodLines(manifest)),
    "",
    style.bold("Imports"),
    ...importLines(inspection, style),
    "",
    style.bold("Asks for"),
    ...(manifest.capabilities.length === 0 ? ["  nothing"] : manifest.capabilities.map(({ capability, reason, optional }) => `  ${capability}${optional ? " (optional)" : ""}: ${reason}`)),
    ...section(style.bold("Configured with"), configText(manifest)),
    "",
    style.bold("Files"),
    ...manifest.files.map(({ path, size: bytes }) => `  ${path}  ${style.dim(byteSize(bytes))}`),
    ...(code === undefined ? section(style.bold("Transpiled"), transpiled.length === 0 ? ["nothing: hosts transpile it themselves"] : transpiled.map((output) => outputLine(output, style))) : []),
    "",
    style.bold("Signatures"),
    ...signatureLines(inspection, style),
  ];
}

function section(title: string, content: readonly string[]): string[] {
  return content.length === 0 ? [] : ["", title, ...content.map((line) => `  ${line}`)];
}

function importLines({ imports }: Inspection, style: Style): string[] {
  if (imports.length === 0) return ["  nothing"];
  const notes = {
    requested: (needs: string) => `needs ${needs}, which it asks for`,
    denied: (needs: string) => `needs ${needs}, which it does not ask for: calls are denied`,
    free: () => "needs nothing",
    unknown: () => style.yellow("unknown: loads only in an app that offers it"),
  };
  return imports.map(({ name, capability, status }) => `  ${name}  ${style.dim(notes[status](capability ?? ""))}`);
}

function outputLine({ key, stale, glueBytes, coreModuleBytes }: OutputInspection, style: Style): string {
  const state = stale === undefined ? style.green("current") : style.yellow(`stale (${stale}): hosts of this version transpile it again`);
  return `${key.target}  ${state}  ${style.dim(`glue ${byteSize(glueBytes)}, core modules ${byteSize(coreModuleBytes)}, ${key.transpilerVersion}`)}`;
}

function signatureLines({ signatures }: Inspection, style: Style): string[] {
  if (signatures === null) return ["  nobody signed it"];
  const states = {
    valid: style.green("valid"),
    invalid: style.red("invalid: the manifest was changed after signing"),
    unknown: "unknown key; give it with --trust to check",
  };
  return signatures.map(({ keyId, state }) => `  ${keyId}  ${states[state]}`);
}

function indent(text: string): string[] {
  return text.split("\n").map((line) => `  ${line}`);
}
