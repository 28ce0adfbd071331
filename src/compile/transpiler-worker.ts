/// <reference path="./virtual-modules.d.ts" />
// Entry of `transpiler/transpiler-worker.js`: the transpiler as a classic worker's one script. It needs
// no network, no import and no eval, takes one message, answers it, and is then thrown away.
import { createTranspiler } from "virtual:portcullis/transpiler";
import { isPluginError } from "../errors/plugin-error.js";
import { transpileComponent } from "./transpile-component.js";
import type { TranspileRequest, TranspileResponse } from "./transpile-messages.js";

// The part of a worker's global scope that is used here, typed without a worker's whole library.
interface WorkerScope {
  addEventListener(type: "message", listener: (event: { readonly data: TranspileRequest }) => void, options: { once: true }): void;
  postMessage(message: TranspileResponse, transfer: ArrayBufferLike[]): void;
}

const scope = globalThis as unknown as WorkerScope;

scope.addEventListener("message", ({ data }) => void answer(data), { once: true });

async function answer({ core, core2, component, world, target }: TranspileRequest): Promise<void> {
  try {
    const transpiler = await createTranspiler({ core: await compiled(core), core2: await compiled(core2) });
    const transpiled = transpileComponent(transpiler, component, world, target);
    scope.postMessage({ transpiled }, transpiled.coreModules.map(({ bytes }) => bytes.buffer));
  } catch (error) {
    const code = isPluginError(error) ? error.code : "transpile-failed";
    const message = error instanceof Error ? error.message : String(error);
    scope.postMessage({ failure: { code, message } }, []);
  }
}

async function compiled(module: WebAssembly.Module | Uint8Array): Promise<WebAssembly.Module> {
  return module instanceof WebAssembly.Module ? module : WebAssembly.compile(module as Uint8Array<ArrayBuffer>);
}
