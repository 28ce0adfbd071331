/* The entry `portcullis/install`: apart, for apps that load plugins without installing them. */
export { indexedDbInstallStore, type IndexedDbInstallStoreOptions } from "./host/installed/indexeddb-install-store.js";
export type { InstallChange, InstallState, InstallStore } from "./host/installed/install-store.js";
export { memoryInstallStore } from "./host/installed/memory-install-store.js";
export { installedPlugins } from "./host/installed/installed-plugins.js";
export type { InstalledPlugin } from "./host/installed/installed-plugin.js";
export type { InstallProgress } from "./host/installed/install-context.js";
export type { AvailableUpdate, UpdateCheck } from "./host/installed/find-updates.js";
export type { PluginDataPlaces } from "./host/installed/plugin-data.js";
export type { ReplacementPermissions } from "./host/installed/replacement-rules.js";
export type { UninstalledData } from "./host/installed/uninstall-plugin.js";
export { type InstalledChange, watchInstalled } from "./host/installed/watch-installed.js";
export type { InstallOptions, OperationOptions, PluginInstallerOptions, UpdateOptions } from "./host/installed/installer-options.js";
export { PluginInstaller } from "./host/installed/plugin-installer.js";
