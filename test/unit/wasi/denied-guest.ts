/** A guest that may be granted something, and has no way to the page. */
import type { GuestAuthority, GuestEvent, Outcome } from "../../../src/rpc/messages.js";
import { noChannel } from "../../../src/runtime/worker/realm/host-calls.js";
import type { GuestContext } from "../../../src/wasi/guest-context.js";

export function testGuest(authority: Partial<GuestAuthority> = {}): { readonly context: GuestContext; readonly events: GuestEvent[] } {
  const events: GuestEvent[] = [];
  const given: GuestAuthority = {
    grants: [], environment: [], arguments: [], config: [], directories: [], hostInterfaces: [], standardInput: undefined, clockResolutionMilliseconds: 0, ...authority,
  };
  let fatal: Outcome | undefined;
  const end = (reason: Outcome): WebAssembly.RuntimeError => {
    fatal ??= reason;
    return new WebAssembly.RuntimeError("ended");
  };
  const context: GuestContext = {
    authority: given,
    grants: new Set(given.grants),
    emit: (event) => void events.push(event),
    channel: noChannel(end),
    get fatal() {
      return fatal;
    },
    end,
  };
  return { context, events };
}
