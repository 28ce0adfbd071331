import { expect, it } from "vitest";
import type { AdmittedPlugin } from "../../../src/admission/admit-plugin.js";
import { type Capability, parseCapability } from "../../../src/capability/capability.js";
import { Audit } from "../../../src/host/audit.js";
import { checkInstancePolicy, checkRestartPolicy } from "../../../src/host/instances/instance-policy.js";
import { LiveGrants } from "../../../src/host/live-grants.js";
import type { PluginEvent } from "../../../src/host/plugin-event.js";
import type { RequestedAuthority } from "../../../src/host/requested-authority.js";
import { runPlugin } from "../../../src/host/running-plugin.js";
import { remainingGrants } from "../../../src/host/grants/revoked-grants.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import type { InstanceRequest } from "../../../src/runtime/plugin-runtime.js";

const grants = ["clocks", "keyvalue"].map((text) => parseCapability(text));

interface Started {
  readonly request: InstanceRequest;
  reason?: { readonly code: string };
}

/** A plugin without a worker: what is joined around it is real. `early` is taken back before it runs. */
function run(early: readonly string[] = []) {
  const started: Started[] = [];
  const events: PluginEvent[] = [];
  let live: LiveGrants | undefined;
  const revoke = (text: string) => live?.revoke({ pluginId: "acme.test", capability: parseCapability(text) });
  const requested = {
    provisions: () => ({}),
    texts: () => (live?.list() ?? []).map(({ kind }) => kind),
    live(granted: readonly Capability[], onLost: Parameters<RequestedAuthority["live"]>[1]) {
      live = new LiveGrants("acme.test", granted, remainingGrants, (lost) => onLost(lost, lost.map(({ kind }) => kind)));
      for (const text of early) revoke(text);
      return live;
    },
  } as unknown as RequestedAuthority;
  const audit = new Audit({}, (entry) => events.push({ kind: "audit", entry }));
  const ready = {
    memories: 1,
    start: async (request: InstanceRequest) => {
      const instance: Started = { request };
      started.push(instance);
      return { terminate: (reason: { code: string }) => void (instance.reason = reason) };
    },
  };
  const admitted = { manifest: { id: "acme.test", version: "1.0.0" }, grants } as unknown as AdmittedPlugin;
  const plugin = runPlugin({ admitted, ready: ready as never, configText: undefined, limits: DEFAULT_LIMITS, policy: checkInstancePolicy({}, "acme.test"), restart: checkRestartPolicy({}, "acme.test"), requested, audit, onEvent: (event) => events.push(event) });
  return { plugin, started, events, audit, revoke };
}

it("starts without what was taken back while it was still being admitted", async () => {
  const { plugin, started, audit } = run(["clocks"]);
  await plugin.pool.startFirst();
  expect(plugin.grants()).toEqual(["keyvalue"]);
  expect(started[0]?.request.page.grants().map(({ kind }) => kind)).toEqual(["keyvalue"]);
  expect(audit.list()).toMatchObject([{ kind: "revoked", capability: "clocks", pluginId: "acme.test", pluginVersion: "1.0.0" }]);
});

it("ends the instance for what it has in its worker, and the next one starts without", async () => {
  const { plugin, started, revoke, events } = run();
  await plugin.pool.startFirst();
  revoke("clocks");
  await expect.poll(() => started[0]?.reason?.code).toBe("capability-revoked");
  expect(events).toContainEqual(expect.objectContaining({ kind: "instance-ended", pluginId: "acme.test" }));
  await plugin.pool.startFirst();
  expect(started[1]?.request.page.grants().map(({ kind }) => kind)).toEqual(["keyvalue"]);
});

it("lets the instance run on without what lives on the page", async () => {
  const { plugin, started, revoke } = run();
  await plugin.pool.startFirst();
  revoke("keyvalue");
  await plugin.pool.startFirst();
  expect(started.length).toBe(1);
  expect(started[0]?.reason).toBeUndefined();
  expect(started[0]?.request.page.grants().map(({ kind }) => kind)).toEqual(["clocks"]);
});

it("enters denials of the worker and of the page into one audit", async () => {
  const { plugin, started, audit } = run();
  await plugin.pool.startFirst();
  const request = started[0]?.request;
  request?.listeners.onEvent({ kind: "denied", authority: "env", import: "wasi:cli/environment@0.2.0#get-environment" });
  request?.page.listeners.onDenied({ capability: "http", function: "wasi:http/outgoing-handler#handle", summary: "GET https://evil.test/" });
  expect(audit.list().map(({ kind, ...entry }) => [kind, "function" in entry ? entry.function : ""])).toEqual([
    ["denied", "wasi:cli/environment@0.2.0#get-environment"],
    ["denied", "wasi:http/outgoing-handler#handle"],
  ]);
});
