/* A service worker as an app that works offline has one: it keeps the app's own files, and nothing of any plugin. */
const OWN = /\/(?:pages|dist)\//;

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("message", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  if (!OWN.test(new URL(event.request.url).pathname)) return;
  event.respondWith(answer(event.request));
});

async function answer(request) {
  const cache = await caches.open("app");
  const kept = await cache.match(request.url);
  if (kept !== undefined) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(request.url, response.clone());
  return response;
}
