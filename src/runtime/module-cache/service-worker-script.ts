/* The file `portcullis/service-worker`: serves modules as soon as it runs, by itself or by `importScripts` in an app's service worker. */
import { serveModules } from "./serve-modules.js";

serveModules(globalThis as unknown as ServiceWorkerGlobalScope);
