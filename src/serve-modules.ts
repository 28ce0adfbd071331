/* The entry `portcullis/serve-modules`: for the script of an app's service worker, which needs nothing else of this package. */
export { type ModuleRequestEvent, type ModuleServingScope, serveModules } from "./runtime/module-cache/serve-modules.js";
