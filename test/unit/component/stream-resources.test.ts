/** Which resources are streams. */
import { expect, test } from "vitest";
import { streamResources } from "../../../src/component/stream-resources.js";
import { definitionAt } from "../../../src/component/type-words.js";
import { worldFromWit } from "../../../src/node/types/wit.js";

const resource = (name: string, members: string) => `resource ${name} { ${members} }`;

const WIT = `
package acme:streams@1.0.0;
interface streams {
  record failure { code: u32 }
  ${resource("plain", "next: func() -> option<u32>;")}
  ${resource("fallible", "next: func() -> result<option<string>, failure>;")}
  ${resource("no-error-value", "next: func() -> result<option<u8>>;")}
  ${resource("nested", "next: func() -> option<option<u32>>; close: func();")}
  ${resource("endless", "next: func() -> u32;")}
  ${resource("failing-endless", "next: func() -> result<u32, string>;")}
  ${resource("of-errors", "next: func() -> result<u32, option<string>>;")}
  ${resource("positioned", "next: func(at: u32) -> option<u32>;")}
  ${resource("of-class", "next: static func() -> option<u32>;")}
  ${resource("named-otherwise", "read-next: func() -> option<u32>;")}
  ${resource("silent", "next: func();")}
  ${resource("awaited", "next: async func() -> option<u32>;")}
  next: func() -> option<u32>;
}
world w { import streams; export streams; }`;

test("those with a next that gives an item or none, with or without an error, and no others", async () => {
  const world = await worldFromWit({ source: WIT });
  for (const side of [world.imports, world.exports]) {
    const found = [...streamResources(world, side)].map(([position, shape]) => [definitionAt(world, position).name, shape.isNested]);
    expect(found).toEqual([["plain", false], ["fallible", false], ["no-error-value", false], ["nested", true]]);
    for (const position of streamResources(world, side).keys()) expect(side.interfaces[0]?.resources).toContain(position);
  }
});
