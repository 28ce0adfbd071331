/* A service worker that says it serves modules, and answers with one of its own, or never to the end. */
const MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const stalls = new URL(self.location).searchParams.has("stall");
const stalled = () => new ReadableStream({ start: (controller) => controller.enqueue(MODULE) });

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  if (!event.request.url.includes(".portcullis/")) return;
  if (event.request.url.endsWith("/served")) event.respondWith(new Response("1"));
  else event.respondWith(new Response(stalls ? stalled() : MODULE, { headers: { "content-type": "application/wasm" } }));
});
