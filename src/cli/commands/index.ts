import { readPublicKey, readSecretKeyFile } from "../../node/read-keys.js";
import { createRegistryIndex, type RegistryIndexResult } from "../../node/registry.js";
import { trustKeys } from "../../trust/trust-policy.js";
import { onlyPositional, usageError, type Command } from "../command.js";
import type { Session } from "../session.js";

/** `portcullis index` */
export const indexCommand: Command = {
  name: "index",
  summary: "Make a directory of packages a registry, by writing its signed index.json",
  usage: "<directory> --key <file>",
  options: [
    { name: "key", short: "k", value: "file", repeatable: true, description: "Sign the index with this secret key" },
    { name: "unsigned", description: "Write an index without a signature, for development" },
    { name: "trust", short: "t", value: "key|file", repeatable: true, description: "List only packages that this key signed" },
    { name: "expires-days", value: "days", description: "How long clients may believe it (default: 90)" },
  ],
  examples: [
    ["index plugins --key keys/registry.pem", "Check every package below plugins/ and list it"],
    ["index plugins --key keys/registry.pem --trust keys/publisher.pub", "List only what the publisher signed"],
  ],
  async run(input) {
    const { options, session } = input;
    const keys = options.texts("key");
    if ((keys.length === 0) !== options.has("unsigned")) throw usageError("Say what to sign the index with: --key <file>, or --unsigned for development");
    const directory = onlyPositional(input, "directory");
    const trusted = options.texts("trust");
    const expiresDays = options.number("expires-days", { minimum: 1, maximum: 36_500 });
    session.progress(`Checking the packages in ${directory}`);
    const result = await createRegistryIndex({
      directory,
      signingKeys: await Promise.all(keys.map(readSecretKeyFile)),
      ...(trusted.length === 0 ? {} : { trust: trustKeys(await Promise.all(trusted.map(readPublicKey))) }),
      ...(expiresDays === undefined ? {} : { expiresDays }),
    });
    report(result, session);
    // The index is written all the same, but what was left out should not go unnoticed.
    return result.refused.length === 0 ? 0 : 1;
  },
};

function report({ index, path, changed, refused, unsigned }: RegistryIndexResult, session: Session): void {
  const { style } = session;
  for (const { path: place, error } of refused) session.warn(`${place} is left out: ${error.message} [${error.code}]`);
  for (const place of unsigned) session.warn(`${place} is not signed: most hosts will refuse it`);
  const refusals = refused.map(({ path: place, error: { code, message } }) => ({ path: place, code, message }));
  session.print({ path, changed, unsigned, refused: refusals, index }, () => [
    `${style.green("indexed")} ${style.bold(path)}`,
    ...index.plugins.map(({ id, version, path: place }) => `  ${id} ${version}  ${style.dim(place)}`),
    style.dim(`  sequence ${index.sequence}${changed ? "" : " (unchanged)"}, expires ${index.expires}`),
  ]);
}
