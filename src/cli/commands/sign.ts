import { readSecretKeyFile } from "../../node/read-keys.js";
import { signPackage } from "../../node/sign.js";
import { onlyPositional, usageError, type Command } from "../command.js";

/** `portcullis sign` */
export const signCommand: Command = {
  name: "sign",
  summary: "Add signatures to a package",
  usage: "<package> --key <file>",
  options: [{ name: "key", short: "k", value: "file", repeatable: true, description: "Sign with this secret key" }],
  examples: [["sign plugins/acme.blur/1.0.0 --key keys/reviewer.pem", "Sign a package; signatures that it has stay"]],
  async run(input) {
    const { options, session } = input;
    const keys = options.texts("key");
    if (keys.length === 0) throw usageError("Say what to sign with: --key <file>");
    const path = onlyPositional(input, "package");
    const result = await signPackage({ path, signingKeys: await Promise.all(keys.map(readSecretKeyFile)) });
    session.print(result, () => [
      `${session.style.green("signed")} ${session.style.bold(`${result.id} ${result.version}`)}`,
      `  by  ${result.keyIds.join(", ")}`,
    ]);
    return 0;
  },
};
