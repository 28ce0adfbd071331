/** Every text of the permission dialog, to be replaced in part or as a whole by another language. */
export interface PermissionDialogTexts {
  /** @param count - how many permissions it asks for. */
  readonly heading: (count: number) => string;
  readonly introduction: string;
  readonly namedByAuthor: string;
  readonly version: string;
  readonly signed: string;
  readonly signedBy: string;
  readonly key: string;
  readonly unsigned: string;
  readonly unsignedAdvice: string;
  readonly required: string;
  readonly optional: string;
  readonly reason: string;
  readonly noReason: string;
  readonly shortened: string;
  readonly previous: string;
  readonly allow: string;
  readonly deny: string;
  readonly duration: string;
  readonly once: string;
  readonly session: string;
  readonly always: string;
  readonly never: string;
  readonly nothingSelected: string;
  readonly requiredMissing: string;
  readonly allowSelected: string;
  readonly denyAll: string;
}

/** The texts in English. */
export const ENGLISH_TEXTS: PermissionDialogTexts = {
  heading: (count) => (count === 1 ? "A plugin asks for a permission" : `A plugin asks for ${count} permissions`),
  introduction: "It gets only what you allow here. Everything else stays closed to it.",
  namedByAuthor: "Name given by its author",
  version: "Version",
  signed: "Signed by a publisher that this app trusts",
  signedBy: "Signed by",
  key: "Key",
  unsigned: "Nobody vouches for this plugin",
  unsignedAdvice: "Its name and its reasons are unchecked: anyone may have written them. Allow only what you would allow a stranger.",
  required: "Required: the plugin does not start without it",
  optional: "Optional: the plugin also works without it",
  reason: "The author’s reason, in the author’s words",
  noReason: "The author gives no reason.",
  shortened: "shortened",
  previous: "Allowed before, and asked for more now:",
  allow: "Allow",
  deny: "Don’t allow",
  duration: "For how long",
  once: "Only this time",
  session: "Until this page is closed",
  always: "Always",
  never: "Never ask again",
  nothingSelected: "Nothing is allowed yet.",
  requiredMissing: "Something that the plugin requires is not allowed: it will not start.",
  allowSelected: "Allow selected",
  denyAll: "Deny all",
};
