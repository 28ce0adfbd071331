import { EVENT_COST } from "../rpc/event-cost.js";
import type { GuestAuthority } from "../rpc/messages.js";
import { SharedAnswers } from "../rpc/shared-answer.js";
import { boundedBroker } from "./bounded-broker.js";
import type { Broker, BrokerContext } from "./broker.js";
import { describeCall } from "./describe-call.js";
import { createFilesystemBroker } from "./filesystem/filesystem-broker.js";
import { HandleTable } from "./handle-table.js";
import { HostCallServer } from "./host-call-server.js";
import { createHostFunctionBroker } from "./host-functions.js";
import { createHttpBroker } from "./http/http-broker.js";
import { createHandleBroker } from "./input-streams.js";
import { type KeyValueBackend, keyValueIdentity } from "./keyvalue/backend.js";
import { dataOwner } from "./keyvalue/data-owner.js";
import { indexedDbKeyValue } from "./keyvalue/indexeddb-keyvalue.js";
import { createKeyValueBroker } from "./keyvalue/keyvalue-broker.js";
import type { LentObjects } from "./lent-object.js";
import { LentObjectTable } from "./lent-objects.js";
import { createAuthority, has, type PageSide, type PageSideOptions } from "./plain-page-side.js";
import { createStandardInput } from "./standard-input.js";

/** Opens what an instance was granted. Made anew for each: nothing of one instance is seen by another. */
export function openPageSide(options: PageSideOptions): PageSide {
  const { admitted, grants, provisions, limits, listeners } = options;
  const ended = new AbortController();
  const { id, version } = admitted.manifest;
  const context: BrokerContext = {
    plugin: { id, version },
    limits, grants,
    handles: new HandleTable(),
    signal: ended.signal,
    deny: boundedDenials(limits.logBytes, listeners),
    follow: listeners.follow,
    reportFailure: (error) => listeners.onHostFailure("what the app provides", error),
  };
  const { brokers, directories, standardInput, objects } = openBrokers(context, options);
  const shared = options.transport === "shared-memory" ? new SharedAnswers() : undefined;
  const server = new HostCallServer({
    brokers, shared,
    signal: ended.signal,
    onCall: (operation, values) => {
      if (!listeners.auditsHostCalls) return;
      const described = describeCall(operation, values, admitted.manifest.world);
      if (described !== undefined) listeners.onHostCall(described);
    },
    onFailure: listeners.onHostFailure,
  });
  return {
    authority: createAuthority(grants(), provisions, { directories, standardInput }),
    transport: shared !== undefined ? { kind: "shared-memory", buffer: shared.buffer } : options.transport === null ? null : { kind: "suspension" },
    serve: (request, link) => server.accept(request, link),
    objects,
    dispose() {
      ended.abort();
      for (const broker of brokers) broker.dispose?.();
      context.handles.disposeAll();
    },
  };
}

/** A plugin that loops over what it may not do must not flood the page: its refusals are bounded as its output is. */
function boundedDenials(bytes: number, { onDenied, onDenialsCut }: PageSideOptions["listeners"]): BrokerContext["deny"] {
  let left = Math.ceil(bytes / EVENT_COST);
  return (denial) => {
    left -= 1;
    if (left >= 0) onDenied(denial);
    else if (left === -1) onDenialsCut();
  };
}

let pageKeyValue: KeyValueBackend | undefined;

/** One for the page: each has its own connection, and counts a plugin's data once. */
function defaultKeyValue(): KeyValueBackend {
  pageKeyValue ??= indexedDbKeyValue();
  return pageKeyValue;
}

interface OpenedBrokers {
  readonly brokers: readonly Broker[];
  readonly directories: GuestAuthority["directories"];
  readonly standardInput: number | undefined;
  readonly objects: LentObjects | undefined;
}

function openBrokers(context: BrokerContext, { admitted, provisions, transport, listeners }: PageSideOptions): OpenedBrokers {
  const granted = context.grants();
  if (transport === null) return { brokers: [], directories: [], standardInput: undefined, objects: undefined };
  const milliseconds = context.limits.hostCallMilliseconds;
  const brokers: Broker[] = [createHandleBroker(context)];
  const interfaces = admitted.imports.hostInterfaces
    .filter(({ shape }) => granted.some((grant) => grant.kind === "host" && grant.interfaceName === shape.name))
    .map((matched) => ({ ...matched, world: admitted.manifest.world }));
  if (interfaces.length > 0) brokers.push(createHostFunctionBroker(context, interfaces, listeners.onHostFailure));
  if (has(granted, "http")) {
    brokers.push(createHttpBroker(context, { fetch: provisions.fetch, secrets: new Map(Object.entries(provisions.secrets ?? {})) }));
  }
  if (has(granted, "keyvalue")) {
    const identity = keyValueIdentity(admitted.manifest.id, dataOwner(admitted.verified));
    brokers.push(boundedBroker(createKeyValueBroker(context, provisions.keyvalue ?? defaultKeyValue(), identity), milliseconds));
  }
  const filesystem = has(granted, "fs") ? createFilesystemBroker(context, new Map(Object.entries(provisions.directories ?? {}))) : undefined;
  if (filesystem !== undefined) brokers.push(boundedBroker(filesystem, milliseconds));
  const { stdin } = provisions;
  return {
    brokers,
    directories: filesystem?.preopens ?? [],
    objects: interfaces.length > 0 ? new LentObjectTable(context, interfaces) : undefined,
    standardInput: has(granted, "stdin") && stdin !== undefined ? createStandardInput(context, stdin) : undefined,
  };
}
