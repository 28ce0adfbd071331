/** Packages of fidius as its author, or an attacker, makes them. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { fidiusDigest } from "../../../src/node/fidius/fidius-signature.js";
import { importFidiusPackage, type ImportFidiusOptions, type ImportFidiusResult } from "../../../src/node/fidius/import-fidius.js";
import { publicKeyOf, signEd25519 } from "../../../src/trust/ed25519.js";
import { PublicKey } from "../../../src/trust/public-key.js";
import { componentPath, directoryWith, temporaryDirectory } from "../node/support.js";

export const SEED = new Uint8Array(32).fill(1);
export const component = new Uint8Array(readFileSync(componentPath("fidius-greeter")));

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/fidius/${name}`, import.meta.url));
/** Signed and packed by fidius 0.5.9 itself. */
export const FID = fixture("acme-greeter-1.2.0.fid");
export const authorKey = PublicKey.fromBytes(new Uint8Array(readFileSync(fixture("author.public"))));

export const TOML = `
[package]
name = "acme-greeter"
version = "1.2.0"
interface = "greeter"
interface_version = 1
runtime = "wasm"
[metadata]
title = "Greeter"
[wasm]
component = "greeter.wasm"
`;

export type Files = Readonly<Record<string, string | Uint8Array>>;

export const files = (changes: Files = {}): Files => ({ "package.toml": TOML, "greeter.wasm": component, ...changes });

/** The files with fidius's signature by `seed`. */
export async function signed(content: Files, seed = SEED): Promise<Files> {
  const bytes = new Map(Object.entries(content).map(([path, value]) => [path, typeof value === "string" ? toUtf8(value) : value]));
  return { ...content, "package.sig": await signEd25519(seed, fidiusDigest(bytes)) };
}

/** Imports a directory with these files. */
export async function importFiles(content: Files, options: Partial<ImportFidiusOptions> = {}): Promise<ImportFidiusResult> {
  return importFidiusPackage({ input: await directoryWith(content), trust: { keys: [await publicKeyOf(SEED)] }, out: await temporaryDirectory(), ...options });
}
