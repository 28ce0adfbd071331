/*
 * The browser entry. Only what an app uses is exported: the stages between a package and a handle are not,
 * so that no app can skip one.
 */
export { PluginHost } from "./host/plugin-host.js";
export type { LoadOptions, PluginHostOptions } from "./host/plugin-host-options.js";
export type { AuditEntry, AuditedAction, AuditOptions } from "./host/audit.js";
export type { PluginGrants } from "./host/grants/plugin-grants.js";
export type { GrantProblem } from "./host/grants/grant-keeper.js";
export type { GrantRecord, GrantStore } from "./host/grants/grant-store.js";
export { memoryGrantStore } from "./host/grants/memory-grant-store.js";
export { indexedDbGrantStore, type IndexedDbGrantStoreOptions } from "./host/grants/lazy-grant-store.js";
export { hostInterface, type HostImplementation, type HostInterfaceOptions, ResultError } from "./capability/implement-interface.js";
export { defineHostInterface, type HostCaller, type HostInterface, type HostInterfaceDescriptor } from "./capability/host-interface.js";
export type { StreamSource } from "./capability/stream-source.js";
export type { ProvidePolicy, Provisions } from "./broker/provisions.js";
export type { CallOptions } from "./host/call-options.js";
export type { PluginHandle } from "./host/plugin-handle.js";
export type { FunctionTable, PluginResource } from "./host/plugin-resource.js";
export type { ItemReader, PluginItems, PluginStream, StepOptions } from "./host/streams/plugin-stream.js";
export type { PluginInfo } from "./host/plugin-info.js";
export type { LoadReport } from "./host/load-report.js";
export type { PluginEvent, PluginEventListener } from "./host/plugin-event.js";
export type { PluginListing, PluginSource, SourceContext, SourceItem } from "./host/plugin-source.js";
export { fileSource, type FileSourceOptions } from "./host/file-source.js";
export { urlSource, type UrlSourceOptions } from "./host/url-source.js";
export type { Compatibility } from "./admission/expected-interface.js";
export type { GrantAnswer, GrantAuthority, GrantDecision, GrantEvent, GrantPolicy, GrantRequest } from "./admission/decide-grants.js";
export { HOST_VERSION } from "./admission/host-version.js";
export type { CapabilityKind } from "./capability/capability.js";
export type { CacheRead, CachedComponent, CompileCache } from "./compile/compile-cache.js";
export { indexedDbCache, type IndexedDbCacheOptions } from "./compile/indexeddb-cache.js";
export { memoryCache } from "./compile/memory-cache.js";
export type { CompileKey, CompileTarget } from "./compile/compile-key.js";
export type { StalenessReason } from "./compile/live-compile-key.js";
export { defineInterface, type InterfaceDescriptor, type InterfaceDescriptorData } from "./component/interface-descriptor.js";
export type * from "./component/world.js";
export type { PluginErrorCode, PluginStage } from "./errors/error-codes.js";
export { isPluginError, PluginError, PluginResultError } from "./errors/plugin-error.js";
export { DEFAULT_LIMITS, type PluginLimits } from "./limits/plugin-limits.js";
export type { GuestEvent } from "./rpc/messages.js";
export type { CacheResult, CodeOrigin, LoadPhase, LoadProgress } from "./runtime/progress.js";
export type { SandboxKind } from "./runtime/worker/sandbox-realm.js";
export type { SandboxPreference } from "./runtime/worker/sandboxes.js";
export { dangerouslyTrustUnsigned, trustKeys, type TrustPolicy } from "./trust/trust-policy.js";
export type { Trust } from "./trust/verify-signatures.js";
