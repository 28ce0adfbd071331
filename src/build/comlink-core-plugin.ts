import type { Plugin } from "vite";

const BUILT_IN = /\["proxy", proxyTransferHandler\],\s*\["throw", throwTransferHandler\],/;

/**
 * Leaves out Comlink's own forms for proxies and thrown values. The link accepts neither (they would let a worker
 * hand the page objects of its making), and without them each side is only its own half of Comlink.
 */
export function comlinkCorePlugin(): Plugin {
  return {
    name: "portcullis:comlink-core",
    transform: {
      filter: { id: /\/comlink\/dist\/esm\/comlink\.mjs$/ },
      handler(code) {
        if (!BUILT_IN.test(code)) throw new Error("Cannot take the transfer handlers out of Comlink: this version has them in another form");
        return { code: code.replace(BUILT_IN, ""), map: null };
      },
    },
  };
}
