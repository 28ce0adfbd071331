/** What a relay sends: a message of the worker behind it, or why there will be none. */
export type RelayEnvelope = { readonly message: unknown } | { readonly failure: string };

/**
 * Checks what came from a relay. Its program is ours, but in the sandboxed frame the plugin's worker shares its
 * process, so this is checked like any message.
 */
export function openEnvelope(data: unknown): RelayEnvelope {
  const members = typeof data === "object" && data !== null ? new Map<string, unknown>(Object.entries(data)) : new Map<string, unknown>();
  if (members.has("message")) return { message: members.get("message") };
  const failure = members.get("failure");
  return { failure: typeof failure === "string" ? failure : "the relay sent an unknown message" };
}
