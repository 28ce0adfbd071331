import type { AdmittedPlugin } from "../admission/admit-plugin.js";
import type { Capability, CapabilityKind } from "../capability/capability.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { GuestAuthority, HostCallRequest, HostCallTransport } from "../rpc/messages.js";
import type { BrokerContext, Denial } from "./broker.js";
import type { DescribedCall } from "./describe-call.js";
import type { CallerLink } from "./host-call-server.js";
import type { LentObjects } from "./lent-object.js";
import type { Provisions } from "./provisions.js";

/** What happens between a plugin and the page that the app may want to know. */
export interface PageSideListeners {
  /** A host call was refused for want of a grant. */
  readonly onDenied: (denial: Denial) => void;
  /** There were so many refusals that no more of this instance are told. */
  readonly onDenialsCut: () => void;
  /** Whether {@link onHostCall} is wanted. */
  readonly auditsHostCalls: boolean;
  /** A host call is about to be made. */
  readonly onHostCall: (call: DescribedCall) => void;
  /** What the app provided failed. The plugin does not learn how. */
  readonly onHostFailure: (functionName: string, error: unknown) => void;
  /** One of the app's functions is called by the plugin. */
  readonly follow?: BrokerContext["follow"];
}

export interface PageSideOptions {
  readonly admitted: AdmittedPlugin;
  /** What is granted now: asked at every call. */
  readonly grants: () => readonly Capability[];
  readonly provisions: Provisions;
  readonly limits: PluginLimits;
  readonly transport: HostCallTransport["kind"] | null;
  readonly listeners: PageSideListeners;
}

/** The page's side of one instance: everything that it was granted, as far as the page has or does it. */
export interface PageSide {
  /** What its worker is told. */
  readonly authority: GuestAuthority;
  readonly transport: HostCallTransport | null;
  /** Serves a host call. @returns whether it may be made at all. */
  serve(request: HostCallRequest, link: CallerLink): boolean;
  /** The way of the app's objects into the instance; `undefined` where it was granted none of the app's interfaces. */
  readonly objects: LentObjects | undefined;
  /** Frees everything that the instance held here. */
  dispose(): void;
}

/** The page's side of an instance that was granted nothing which lives on the page: it can call nothing. */
export function plainPageSide({ grants, provisions }: Pick<PageSideOptions, "grants" | "provisions">): PageSide {
  return {
    authority: createAuthority(grants(), provisions, { directories: [], standardInput: undefined }),
    transport: null,
    serve: () => false,
    objects: undefined,
    dispose: () => undefined,
  };
}

/** What a worker is told that it has: of what the app provides, only what was granted. */
export function createAuthority(
  granted: readonly Capability[],
  provisions: Provisions,
  opened: Pick<GuestAuthority, "directories" | "standardInput">,
): GuestAuthority {
  return {
    grants: [...new Set(granted.map(({ kind }) => kind))],
    environment: granted.flatMap((grant) => (grant.kind === "env" ? valueOf(provisions.environment, grant.name) : [])),
    arguments: has(granted, "args") ? [...(provisions.arguments ?? [])] : [],
    config: has(granted, "config") ? Object.entries(provisions.config ?? {}) : [],
    hostInterfaces: granted.flatMap((grant) => (grant.kind === "host" ? [grant.interfaceName] : [])),
    clockResolutionMilliseconds: provisions.clockResolutionMs ?? 0,
    ...opened,
  };
}

export function has(granted: readonly Capability[], kind: CapabilityKind): boolean {
  return granted.some((grant) => grant.kind === kind);
}

function valueOf(values: Readonly<Record<string, string>> | undefined, name: string): (readonly [string, string])[] {
  const value: unknown = values !== undefined && Object.hasOwn(values, name) ? values[name] : undefined;
  return typeof value === "string" ? [[name, value]] : [];
}
