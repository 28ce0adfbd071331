import { createKeyFiles } from "../../node/keygen.js";
import { usageError, type Command } from "../command.js";

/** `portcullis keygen` */
export const keygenCommand: Command = {
  name: "keygen",
  summary: "Make a publisher's key pair",
  usage: "--out <path>",
  options: [{ name: "out", short: "o", value: "path", description: "Writes <path>.pem (secret) and <path>.pub; never over existing files" }],
  examples: [["keygen --out keys/publisher", "Make keys/publisher.pem and keys/publisher.pub"]],
  async run({ options, positionals, session }) {
    const out = options.text("out");
    if (out === undefined || positionals.length > 0) throw usageError("Say where the keys go: portcullis keygen --out keys/publisher");
    const { secretPath, publicPath, publicKeyText, keyId } = await createKeyFiles(out);
    session.print({ publicKey: publicKeyText, keyId, secretPath, publicPath }, () => [
      publicKeyText,
      session.style.dim(`  key id      ${keyId}`),
      session.style.dim(`  secret key  ${secretPath} (keep it secret, and keep a copy: it cannot be made again)`),
      session.style.dim(`  public key  ${publicPath} (give it to apps, for trustKeys)`),
    ]);
    return 0;
  },
};
