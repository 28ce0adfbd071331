import * as Comlink from "comlink";
import type { GuestEvent } from "../../../rpc/messages.js";
import { lockDown } from "./lockdown.js";
import { createPluginService, type Instantiate } from "./plugin-service.js";
import { testSeal } from "./self-test.js";

/**
 * The worker's one entry: the host appends the plugin's glue as a function and passes it here.
 *
 * Order is the defence: everything that the runtime needs is captured, the seal is tested, the globals are
 * taken away, and only then is the glue evaluated, when the host asks for the instance.
 */
export default function start(loadGlue: () => Instantiate): void {
  const post = self.postMessage.bind(self);
  const endpoint: Comlink.Endpoint = {
    postMessage: (message: unknown, transfer: Transferable[] = []) => post(message, transfer),
    addEventListener: self.addEventListener.bind(self),
    removeEventListener: self.removeEventListener.bind(self),
  };
  const seal = testSeal().finally(lockDown);
  const service = createPluginService({
    seal,
    loadGlue,
    emit: (event: GuestEvent) => endpoint.postMessage({ event }),
    transfer: Comlink.transfer,
  });
  Comlink.expose(service, endpoint);
  void seal.then((verdict) => endpoint.postMessage({ seal: verdict }));
}
