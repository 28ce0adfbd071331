/* The same as a module, in which the app calls the function itself. */
import { serveModules } from "../dist/serve-modules.js";

serveModules(self);
self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
