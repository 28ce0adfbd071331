/* A service worker as an app has one that also serves modules. What it is asked to do in a test stands in its address. */
const how = new URL(self.location).searchParams;

// Before the app's own listener.
if (!how.has("silent")) importScripts("../dist/service-worker.js");
if (how.has("offline")) importScripts("./offline-worker.js");
self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
// Tells what it let through, so that a test sees who answered.
const passed = [];
self.addEventListener("fetch", (event) => passed.push(event.request.url));
self.addEventListener("message", (event) => event.ports[0]?.postMessage(passed));
