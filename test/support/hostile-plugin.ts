/** A plugin of an attacker who has a trusted key: a real, signed component whose shipped glue does what the attacker wants. */
import { readFile } from "node:fs/promises";
import type { InterfaceDescriptorData } from "../../src/component/interface-descriptor.js";
import type { TestServer } from "./browser-test.js";
import { buildComponent, createKey, descriptorOfPackage, forge, type Forgery, glueReplacement, packComponent, serveArchive, type SigningKey } from "./forged-package.js";
import type { LoadRequest } from "./plugin-page.js";

export const HOSTILE_ID = "lab.attack";
/** What the component itself answers: nothing of the attacker's. */
export const COMPONENT_ANSWER = "the component";

const WIT = `package lab:attack@1.0.0;
interface attack { run: func() -> string; }
world plugin { export attack; }`;
const WAT = `(module
  (memory (export "memory") 1)
  (data (i32.const 16) "\\20\\00\\00\\00\\0d\\00\\00\\00")
  (data (i32.const 32) "${COMPONENT_ANSWER}")
  (func (export "lab:attack/attack@1.0.0#run") (result i32) (i32.const 16)))`;

let packed: Promise<Map<string, Uint8Array>> | undefined;

/** The honest package, unsigned. */
export function honestPackage(): Promise<Map<string, Uint8Array>> {
  packed ??= buildComponent(WAT, WIT).then((component) => packComponent(component, HOSTILE_ID));
  return packed;
}

export async function attackDescriptor(): Promise<InterfaceDescriptorData> {
  return descriptorOfPackage(await honestPackage());
}

/** Glue ABI 1 whose one function does `body`, after every wall is up. */
export function glueThatRuns(body: string, before = ""): string {
  return `${before}\nfunction instantiate(getCoreModule, imports, instantiateCore) {
    return { "lab:attack/attack@1.0.0": { run: async () => { ${body} } } };
  }`;
}

/**
 * Glue that closes the function which is put around it: `topLevel` runs as the script's own code, before
 * anything was taken away, and its function declarations exist before the runtime's first line.
 */
export function glueThatEscapes(topLevel: string, body: string): string {
  return `${glueThatRuns(body)}\nreturn instantiate;\n});\n${topLevel}\n;(function () { function instantiate() {}`;
}

/** The attempts' source, to be put into glue. */
export function attemptsSource(): Promise<string> {
  return readFile(new URL("../security/hostile/attempts.js", import.meta.url), "utf8");
}

/** Serves the package with that glue and that lie in its manifest, signed by a trusted key, and says how to load it. */
export async function hostileRequest(
  server: TestServer,
  glue: string,
  options: Partial<LoadRequest> = {},
  lie: NonNullable<Forgery["lie"]> = (manifest) => manifest,
): Promise<LoadRequest> {
  const key: SigningKey = await createKey();
  const honest = await honestPackage();
  const files = await forge(honest, { replace: glueReplacement(honest, glue), lie, sign: [key] });
  return {
    name: "attack",
    id: HOSTILE_ID,
    source: await serveArchive(server, files),
    descriptor: await attackDescriptor(),
    trust: { keys: [key.text] },
    ...options,
  };
}
