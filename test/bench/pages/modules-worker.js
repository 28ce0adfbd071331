/* The service worker of an app, as far as it serves plugins' modules. */
importScripts("/dist/service-worker.js");
self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
