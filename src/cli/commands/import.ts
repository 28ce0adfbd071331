import { readFidiusKey } from "../../node/fidius/fidius-signature.js";
import { importFidiusPackage, type ImportFidiusResult } from "../../node/fidius/import-fidius.js";
import { readSecretKeyFile } from "../../node/read-keys.js";
import { onlyPositional, usageError, type Command } from "../command.js";
import type { Session } from "../session.js";

/** `portcullis import` */
export const importCommand: Command = {
  name: "import",
  summary: "Make a package of one that was made for fidius, after verifying fidius's signature",
  usage: "<directory|archive.fid> --fidius-key <file> [--out <directory>] [--key <file>]",
  options: [
    { name: "fidius-key", value: "file", repeatable: true, description: "A public key of its author: the 32 raw bytes that fidius keygen writes" },
    { name: "dangerously-unsigned", value: "reason", description: "Do not check fidius's signature, and why that is right" },
    { name: "out", short: "o", value: "directory", description: "Where packages go, as <id>/<version>/ (default: plugins)" },
    { name: "key", short: "k", value: "file", repeatable: true, description: "Sign the result with this secret key" },
    { name: "archive", description: "Write <id>-<version>.tar.gz besides the directory" },
    { name: "id", value: "id", description: "Id of the plugin, such as acme.blur (default: the package's name)" },
    { name: "version", value: "version", description: "Version of the plugin (default: the package's)" },
    { name: "http", value: "capability", repeatable: true, description: "What its capability http stands for, such as http:GET:https://api.example.com/v1" },
    { name: "config", value: "file", description: "A JSON file with the schema of its configuration" },
  ],
  examples: [
    ["import greeter-1.0.0.fid --fidius-key author.public --key keys/publisher.pem", "Verify fidius's signature, and sign the result"],
    ["import greeter --dangerously-unsigned 'built here, just now'", "Take a directory as it is"],
  ],
  async run(input) {
    const { options, session } = input;
    const [keys, reason, config] = [options.texts("fidius-key"), options.text("dangerously-unsigned"), options.text("config")];
    if ((keys.length === 0) === (reason === undefined)) {
      throw usageError("Say whose package it is: --fidius-key <file>, or --dangerously-unsigned <reason> to take it unchecked");
    }
    const [id, version] = [options.text("id"), options.text("version")];
    const result = await importFidiusPackage({
      input: onlyPositional(input, "directory|archive.fid"),
      trust: reason === undefined ? { keys: await Promise.all(keys.map(readFidiusKey)) } : { dangerouslyUnsigned: reason },
      out: options.text("out") ?? "plugins",
      formats: options.has("archive") ? ["directory", "archive"] : ["directory"],
      signingKeys: await Promise.all(options.texts("key").map(readSecretKeyFile)),
      http: options.texts("http"),
      ...(id === undefined ? {} : { id }),
      ...(version === undefined ? {} : { version }),
      ...(config === undefined ? {} : { config }),
      onProgress: ({ detail }) => session.progress(`Importing ${detail}`),
    });
    for (const warning of result.warnings) session.warn(warning);
    if (reason !== undefined) session.warn(`fidius's signature was not checked: ${reason}`);
    session.print(plain(result), () => lines(result, session));
    return 0;
  },
};

function plain({ manifest, directory, archive, signedBy, fidius }: ImportFidiusResult) {
  const { id, version, capabilities } = manifest;
  return { id, version, capabilities, fidius, directory, archive, signedBy };
}

function lines({ manifest, fidius, directory, archive, signedBy }: ImportFidiusResult, { style }: Session): string[] {
  return [
    `${style.green("imported")} ${style.bold(`${manifest.id} ${manifest.version}`)} ${style.dim(`from ${fidius.name} ${fidius.version}`)}`,
    `  digest      ${fidius.digest}`,
    `  from key    ${fidius.signedBy ?? style.yellow("not checked")}`,
    `  asks for    ${manifest.capabilities.map(({ capability, optional }) => (optional ? `${capability} (optional)` : capability)).join(", ") || "nothing"}`,
    `  signed by   ${signedBy.join(", ") || "nobody"}`,
    ...(directory === undefined ? [] : [`  directory   ${directory}`]),
    ...(archive === undefined ? [] : [`  archive     ${archive}`]),
  ];
}
