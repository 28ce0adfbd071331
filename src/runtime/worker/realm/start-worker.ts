import * as Comlink from "comlink";
import type { GuestEvent } from "../../../rpc/messages.js";
import { CarrierTable } from "./carrier-table.js";
import { LiftBudget } from "./lift-budget.js";
import { lockDown } from "./lockdown.js";
import { createPluginService, type Instantiate, type PageImports } from "./plugin-service.js";
import { testSeal } from "./self-test.js";

/**
 * Starts the worker: the host appends the plugin's glue as a function and passes it here.
 *
 * Order is the defence: everything that the runtime needs is captured, the seal is tested, the globals are
 * taken away, and only then is the glue evaluated, when the host asks for the instance.
 *
 * @param pageImports - what makes imports that live on the page, in a worker that may need them.
 */
export function startWorker(loadGlue: () => Instantiate, pageImports?: PageImports): void {
  const post = self.postMessage.bind(self);
  const listen = self.addEventListener.bind(self);
  const endpoint: Comlink.Endpoint = {
    postMessage: (message: unknown, transfer: Transferable[] = []) => post(message, transfer),
    addEventListener: listen,
    removeEventListener: self.removeEventListener.bind(self),
  };
  if (pageImports !== undefined) {
    listen("message", (event) => {
      const { data } = event as MessageEvent<{ readonly hostAnswer?: unknown }>;
      if (data.hostAnswer !== undefined) pageImports.channels.receive(data.hostAnswer);
    });
  }
  const budget = new LiftBudget();
  const carriers = new CarrierTable((message) => endpoint.postMessage(message));
  listen("message", (event) => {
    const { data } = event as MessageEvent<{ readonly sourceAnswer?: unknown }>;
    if (data.sourceAnswer !== undefined) carriers.receive(data.sourceAnswer);
  });
  const seal = testSeal().finally(() => lockDown(budget));
  const service = createPluginService({
    seal,
    budget,
    loadGlue,
    emit: (event: GuestEvent) => endpoint.postMessage({ event }),
    postHostCall: (message) => endpoint.postMessage(message),
    transfer: Comlink.transfer,
    pageImports,
    carriers,
  });
  Comlink.expose(service, endpoint);
  void seal.then((verdict) => endpoint.postMessage({ seal: verdict }));
}
