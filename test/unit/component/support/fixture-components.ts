import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../../../fixtures/components/", import.meta.url);

/** The committed fixture components by file name. */
export function fixtureComponents(): ReadonlyMap<string, Uint8Array> {
  const files = readdirSync(folder).filter((file) => file.endsWith(".wasm")).sort();
  return new Map(files.map((file) => [file, new Uint8Array(readFileSync(new URL(file, folder)))]));
}
