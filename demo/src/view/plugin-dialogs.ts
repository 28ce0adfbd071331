import { isPluginError, type PluginErrorCode } from "portcullis";
import { ask } from "./dialog.js";
import { element } from "./elements.js";
import { errorCard } from "./error-card.js";

/**
 * What a person may decide to accept: nobody vouched for the file. A file that was changed after it was signed is
 * never offered, since somebody meant something else to be in it.
 */
const TRUSTABLE: ReadonlySet<PluginErrorCode> = new Set(["signature-missing", "key-untrusted"]);

/** Shows why a file was refused. @returns whether the person trusts it all the same. */
export async function showRefusal(fileName: string, error: unknown): Promise<boolean> {
  const mayTrust = isPluginError(error) && TRUSTABLE.has(error.code);
  const close = { text: mayTrust ? "Do not load" : "Close", answer: false };
  const trust = { text: "Trust this unsigned file for this session", answer: true, kind: "danger" } as const;
  const consequence =
    "If you trust it, it still runs in the sandbox: without network, without storage, and without any way to this page but the pictures you give it, unless you allow more when it asks. " +
    "But nobody vouches for what it does with them.";
  return ask({
    title: `${fileName} was not loaded`,
    content: [errorCard(error), element("p", { text: mayTrust ? consequence : "Nothing of it ran." })],
    actions: mayTrust ? [close, trust] : [close],
    dismissed: false,
  });
}
