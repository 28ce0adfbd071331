import type { World } from "../../component/world.js";
import { PluginError } from "../../errors/plugin-error.js";
import { quotedText } from "../../package/quoted-text.js";
import type { WrittenCapability } from "../capability-requests.js";
import { FIDIUS_CARRIERS } from "./fidius-carriers.js";

const REASON = "Its fidius package asks for this, and gives no reason";
const SAME_NAME: ReadonlySet<string> = new Set(["stdin", "stdout", "stderr", "args"]);

/** Why a capability of fidius cannot be given here. */
const IMPOSSIBLE: ReadonlyMap<string, string> = new Map([
  ["network", "gives raw sockets, which no browser has"],
  ["sockets", "gives raw sockets, which no browser has"],
  ["tcp", "gives raw sockets, which no browser has"],
  ["udp", "gives raw sockets, which no browser has"],
  ["env", "names no variable: fidius refuses it as well; write env:NAME"],
  ["fs", "names no path: fidius refuses it as well; write fs:ro:PATH or fs:rw:PATH"],
  ["filesystem", "names no path: fidius refuses it as well; write fs:ro:PATH or fs:rw:PATH"],
]);

export interface CapabilityTranslation {
  /** The package's, for messages. */
  readonly name: string;
  /** As `[wasm] capabilities` lists them. */
  readonly listed: readonly string[];
  readonly world: World;
  /** What `http` becomes, as capability texts: fidius leaves the addresses to the host. */
  readonly http: readonly string[];
}

/**
 * What a package of fidius asks for, in our capabilities. Clocks and randomness are always on in fidius, without being asked for:
 * a component that imports them asks for them here, and loads without.
 *
 * @throws {PluginError} `capability-unknown`, naming what cannot be given here
 */
export function translateCapabilities({ name, listed, world, http }: CapabilityTranslation): WrittenCapability[] {
  const imported = world.imports.interfaces.map((shape) => shape.name);
  const implied = (["clocks", "random"] as const).filter((kind) => listed.includes(kind) || imported.some((interfaceName) => interfaceName.startsWith(`wasi:${kind}/`)));
  if (!listed.includes("http") && http.length > 0) throw refusal(name, "http", "is not asked for by the package, so no address can be given for it");
  return [
    ...implied.map((capability) => ({ capability, reason: "Always on in fidius, for which it was built", optional: true })),
    ...listed.flatMap((capability) => translate(capability, name, http)).map((capability) => ({ capability, reason: REASON, optional: false })),
    ...[...FIDIUS_CARRIERS].filter(([interfaceName]) => imported.includes(interfaceName)).map(([interfaceName, reason]) => ({ capability: `host:${interfaceName}`, reason, optional: true })),
  ];
}

function translate(capability: string, name: string, http: readonly string[]): readonly string[] {
  if (capability === "clocks" || capability === "random") return [];
  if (SAME_NAME.has(capability) || /^env:.+$/s.test(capability) || /^fs:r[ow]:.+$/s.test(capability)) return [capability];
  if (capability !== "http") throw refusal(name, capability, IMPOSSIBLE.get(capability) ?? "is none of fidius's");
  if (http.length > 0) return http;
  throw refusal(name, capability, "names no address: in fidius the host decides them. Say which, such as --http http:GET:https://api.example.com/v1");
}

function refusal(name: string, capability: string, reason: string): PluginError {
  return new PluginError({ code: "capability-unknown", stage: "pack", message: `Cannot import ${name}: its capability ${quotedText(capability)} ${reason}` });
}
