import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { worldFromWit } from "../../../src/node/types/wit.js";
import { buildComponent } from "../component/support/build-component.js";
import { EVERY_TYPE_WIT } from "../component/support/every-type.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portcullis-wit-"));
  await mkdir(join(folder, "deps/shared"), { recursive: true });
  await writeFile(join(folder, "deps/shared/types.wit"), "package acme:shared@1.0.0; interface types { record point { x: u32 } }");
  await writeFile(join(folder, "world.wit"), "package acme:app@1.0.0; interface api { use acme:shared/types@1.0.0.{point}; at: func(p: point); } world w { export api; }");
  await writeFile(join(folder, "more.wit"), "interface extra { run: func(); } world other { export extra; }");
  await writeFile(join(folder, "README.md"), "not WIT");
});
afterAll(() => rm(folder, { recursive: true }));

describe("worlds from WIT", () => {
  test("from text: the same as from a component of it", async () => {
    expect(await worldFromWit({ source: EVERY_TYPE_WIT }, "everything")).toEqual(decodeComponent(await buildComponent(EVERY_TYPE_WIT, "everything")));
  });

  test("from a folder with dependencies", async () => {
    const world = await worldFromWit({ path: folder }, "w");
    expect(world.exports.interfaces.map((shape) => shape.name)).toEqual(["acme:app/api@1.0.0"]);
    expect(world.types).toContainEqual({ kind: "record", name: "point", owner: "acme:shared/types@1.0.0", fields: [{ name: "x", type: "u32" }] });
    expect((await worldFromWit({ path: folder }, "other")).exports.interfaces.map((shape) => shape.name)).toEqual(["acme:app/extra@1.0.0"]);
  });

  test("from one file", async () => {
    const world = await worldFromWit({ path: join(folder, "deps/shared/../../more.wit") }).catch((error: unknown) => error);
    expect(world).toMatchObject({ code: "usage-invalid", message: expect.stringContaining("more.wit") });
    await writeFile(join(folder, "single.txt"), "package a:b; world w { export run: func(); }");
    expect((await worldFromWit({ path: join(folder, "single.txt") }).catch((error: unknown) => error))).toMatchObject({ exports: { functions: [{ name: "run" }] } });
  });

  test("several at once do not see one another's files", async () => {
    const sources = Array.from({ length: 5 }, (_, index) => `package a:b${index}; world w { export f${index}: func(); }`);
    const worlds = await Promise.all(sources.map((source) => worldFromWit({ source })));
    expect(worlds.map((world) => world.exports.functions[0]?.name)).toEqual(["f0", "f1", "f2", "f3", "f4"]);
  });

  test.each([
    ["no WIT", "hello", "Cannot read the WIT: "],
    ["a type that is not there", "package a:b; world w { export f: func(x: nothing); }", "nothing"],
    ["no world", "package a:b; interface i {}", "Cannot read the WIT: "],
    ["several worlds", "package a:b; world v {} world w {}", "Cannot read the WIT: "],
  ])("%s is refused with the reason, and the next one works", async (_name, source, reason) => {
    await expect(worldFromWit({ source })).rejects.toMatchObject({ code: "usage-invalid", stage: "configure", message: expect.stringContaining(reason) });
    expect(await worldFromWit({ source: "package a:b; world w { export f: func(); }" })).toMatchObject({ exports: { functions: [{ name: "f" }] } });
  });

  test("a mistake in a folder with dependencies is named", async () => {
    const broken = join(folder, "broken");
    await mkdir(join(broken, "deps/shared"), { recursive: true });
    await writeFile(join(broken, "deps/shared/types.wit"), "package acme:shared@1.0.0;\ninterface types { record point { x: u32 } }");
    await writeFile(join(broken, "a.wit"), "/// The API.\npackage acme:app@1.0.0;\ninterface api { use acme:shared/types@1.0.0.{point}; at: func(p: pointt); }");
    await writeFile(join(broken, "b.wit"), "package acme:app@1.0.0;\nworld w { export api; }");
    await expect(worldFromWit({ path: broken })).rejects.toMatchObject({ code: "usage-invalid", message: expect.stringMatching(/broken: .*pointt/) });
  });

  test("a world, a path or a folder that is not there", async () => {
    await expect(worldFromWit({ source: EVERY_TYPE_WIT }, "nowhere")).rejects.toMatchObject({ code: "usage-invalid", message: expect.stringContaining("nowhere") });
    await expect(worldFromWit({ path: join(folder, "nowhere") })).rejects.toMatchObject({ code: "usage-invalid", message: expect.stringContaining("nowhere") });
    await mkdir(join(folder, "empty"));
    await expect(worldFromWit({ path: join(folder, "empty") })).rejects.toMatchObject({ code: "usage-invalid", message: expect.stringContaining("no .wit file") });
  });
});
