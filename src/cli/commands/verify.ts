import { readPublicKey } from "../../node/read-keys.js";
import { verifyPluginPackage, type Verification } from "../../node/verify.js";
import { trustKeys } from "../../trust/trust-policy.js";
import { onlyPositional, usageError, type Command } from "../command.js";
import type { Session } from "../session.js";

/** `portcullis verify` */
export const verifyCommand: Command = {
  name: "verify",
  summary: "Check a package as a host does: digests, signatures, and that its manifest tells the truth",
  usage: "<package> --trust <key|file> [--retranspile]",
  options: [
    { name: "trust", short: "t", value: "key|file", repeatable: true, description: "A public key that may have signed it: ed25519:…, or a file" },
    { name: "retranspile", description: "Transpile its component again, and compare every byte of its JavaScript" },
  ],
  examples: [
    ["verify plugins/acme.blur/1.0.0 --trust keys/publisher.pub", "Check who signed it, and that nothing was changed"],
    ["verify acme.blur-1.0.0.tar.gz --trust keys/publisher.pub --retranspile", "Check besides that its JavaScript comes from its component"],
  ],
  async run(input) {
    const { options, session } = input;
    const trusted = options.texts("trust");
    if (trusted.length === 0) throw usageError("Say whom you trust: --trust <key|file>. To read a package without trusting it, use portcullis inspect");
    const path = onlyPositional(input, "package");
    const retranspile = options.has("retranspile");
    if (retranspile) session.progress(`Transpiling ${path} again`);
    const trust = trustKeys(await Promise.all(trusted.map(readPublicKey)));
    const verification = await verifyPluginPackage({ path, trust, retranspile });
    const { manifest, trust: accepted, retranspiled } = verification;
    session.print({ id: manifest.id, version: manifest.version, trust: accepted, ...(retranspile ? { retranspiled } : {}) }, () => lines(verification, retranspile, session));
    return 0;
  },
};

function lines({ manifest, trust, retranspiled }: Verification, retranspile: boolean, { style }: Session): string[] {
  const none = manifest.bridge === undefined ? "it brings no transpiled output" : `there is nothing to transpile: its runtime is ${manifest.runtime}`;
  const targets = retranspiled.length === 0 ? none : `${retranspiled.join(", ")}: equal byte for byte`;
  return [
    `${style.green("verified")} ${style.bold(`${manifest.id} ${manifest.version}`)}`,
    `  signed by   ${trust.kind === "signed" ? trust.keyIds.join(", ") : "nobody"}`,
    `  files       ${manifest.files.length}, each as its digest says`,
    ...(retranspile ? [`  transpiled  ${targets}`] : []),
  ];
}
