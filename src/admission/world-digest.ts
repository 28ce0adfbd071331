import { canonicalJson, type JsonValue } from "../bytes/canonical-json.js";
import { sha256Hex } from "../bytes/sha256.js";
import { toUtf8 } from "../bytes/utf8.js";
import type { World } from "../component/world.js";

/** SHA-256 of a world's canonical JSON: equal exactly if the worlds are. */
export function worldDigest(world: World): Promise<string> {
  // A World is plain JSON by construction; its interfaces only lack the index signature.
  return sha256Hex(toUtf8(canonicalJson(world as unknown as JsonValue)));
}
