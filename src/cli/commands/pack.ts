import { bridgeCodeText, methodLines } from "../../node/bridge-text.js";
import { configText } from "../../node/config-text.js";
import { readSecretKeyFile } from "../../node/read-keys.js";
import { packPlugin, type PackResult } from "../../node/pack.js";
import type { ComponentDescription } from "../../node/pack-input.js";
import type { TargetReport } from "../../node/transpile-targets.js";
import type { Manifest } from "../../package/manifest.js";
import { byteSize } from "../byte-size.js";
import { onlyPositional, usageError, type Command, type OptionValues } from "../command.js";
import type { Session } from "../session.js";

/** `portcullis pack` */
export const packCommand: Command = {
  name: "pack",
  summary: "Make a package of a plugin: transpile its component or take its code for a bridge, list every digest, sign",
  usage: "<directory|component.wasm> [--out <directory>] [--key <file>] [--archive]",
  options: [
    { name: "out", short: "o", value: "directory", description: "Where packages go, as <id>/<version>/ (default: plugins)" },
    { name: "key", short: "k", value: "file", repeatable: true, description: "Sign with this secret key" },
    { name: "archive", description: "Write <id>-<version>.tar.gz besides the directory" },
    { name: "id", value: "id", description: "Id of a bare component, such as acme.blur" },
    { name: "version", value: "version", description: "Version of a bare component, such as 1.0.0" },
    { name: "interface", value: "name", description: "Interface of a bare component (default: its first export)" },
    { name: "interface-version", value: "number", description: "Version of that interface (default: 0)" },
    { name: "capability", value: "name=reason", repeatable: true, description: "What a bare component needs, and why" },
    { name: "optional-capability", value: "name=reason", repeatable: true, description: "The same, but it loads without" },
    { name: "title", value: "text", description: "Title of a bare component" },
  ],
  examples: [
    ["pack blur", "Pack the plugin that blur/package.toml describes into plugins/"],
    ["pack blur --key keys/publisher.pem --archive", "Sign it, and write one file for users to drop onto a page"],
    ["pack blur.wasm --id acme.blur --version 1.0.0 --capability clocks='To date pictures'", "Pack a component without package.toml"],
  ],
  async run(input) {
    const { options, session } = input;
    const result = await packPlugin({
      input: onlyPositional(input, "directory|component.wasm"),
      ...identity(options),
      out: options.text("out") ?? "plugins",
      formats: options.has("archive") ? ["directory", "archive"] : ["directory"],
      signingKeys: await Promise.all(options.texts("key").map(readSecretKeyFile)),
      onProgress: ({ step, detail }) => session.progress(`${STEP_NAMES[step]} ${detail}`),
    });
    for (const warning of result.warnings) session.warn(warning);
    session.print(resultJson(result), () => resultLines(result, session));
    return 0;
  },
};

const STEP_NAMES = { read: "Reading", transpile: "Transpiling for", check: "Checking", write: "Writing" } as const;

const IDENTITY_OPTIONS = ["id", "version", "interface", "interface-version", "capability", "optional-capability", "title"];

function identity(options: OptionValues): { identity?: ComponentDescription } {
  if (!IDENTITY_OPTIONS.some((name) => options.has(name))) return {};
  const [id, version] = [options.text("id"), options.text("version")];
  if (id === undefined || version === undefined) throw usageError("A bare component needs both --id and --version");
  const [name, interfaceVersion, title] = [options.text("interface"), options.number("interface-version", { minimum: 0, maximum: 1_000_000 }), options.text("title")];
  if (interfaceVersion !== undefined && name === undefined) throw usageError("--interface-version needs --interface");
  return {
    identity: {
      id,
      version,
      capabilities: [
        ...options.texts("capability").map((text) => ({ ...request(text), optional: false })),
        ...options.texts("optional-capability").map((text) => ({ ...request(text), optional: true })),
      ],
      ...(name === undefined ? {} : { interface: name }),
      ...(interfaceVersion === undefined ? {} : { interfaceVersion }),
      ...(title === undefined ? {} : { metadata: { title } }),
    },
  };
}

function request(text: string): { capability: string; reason: string } {
  const [, capability, reason] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (capability !== undefined && reason !== undefined) return { capability, reason };
  throw usageError(`A capability is given with its reason, as --capability clocks='To date pictures', not ${JSON.stringify(text)}`);
}

function resultJson({ manifest, files, ...rest }: PackResult) {
  const { id, version, runtime, interface: offered, capabilities, bridge } = manifest;
  return { id, version, runtime, interface: offered, capabilities, ...(bridge === undefined ? {} : { bridge }), ...rest, files: [...files].map(([path, size]) => ({ path, size })) };
}

function resultLines(result: PackResult, { style }: Session): string[] {
  const { manifest, files, targets, signedBy, directory, archive, imports } = result;
  const total = [...files.values()].reduce((sum, size) => sum + size, 0);
  const denied = [...new Set(imports.filter(({ status }) => status === "denied").map(({ capability }) => capability))];
  return [
    `${style.green("packed")} ${style.bold(`${manifest.id} ${manifest.version}`)} ${style.dim(`${files.size} files, ${byteSize(total)}`)}`,
    `  interface   ${manifest.interface.name} ${style.dim(manifest.interface.hash)}`,
    ...bridgeLines(manifest),
    ...targets.map((target) => `  target      ${targetText(target)}`),
    `  asks for    ${manifest.capabilities.map(({ capability, optional }) => (optional ? `${capability} (optional)` : capability)).join(", ") || "nothing"}`,
    ...(denied.length === 0 ? [] : [`  not asked   ${denied.join(", ")} ${style.dim("(imported, so calls to them will be denied)")}`]),
    ...configText(manifest).map((line, index) => `  ${index === 0 ? "configured" : "          "}  ${line}`),
    `  signed by   ${signedBy.join(", ") || "nobody"}`,
    ...(directory === undefined ? [] : [`  directory   ${directory}`]),
    ...(archive === undefined ? [] : [`  archive     ${archive}`]),
  ];
}

function bridgeLines(manifest: Manifest): string[] {
  const code = bridgeCodeText(manifest);
  if (code === undefined) return [];
  return [`  runtime     ${manifest.runtime}, on a bridge: ${code}`, ...methodLines(manifest).map((line, index) => `  ${index === 0 ? "methods   " : "          "}  ${line}`)];
}

function targetText(report: TargetReport): string {
  if (!report.supported) return `${report.target}: not possible: ${report.reason}`;
  const { target, glueBytes, modulesInComponent, modulesApart } = report;
  return `${target}: glue ${byteSize(glueBytes)}, ${modulesInComponent} core modules inside the component, ${modulesApart} apart`;
}
