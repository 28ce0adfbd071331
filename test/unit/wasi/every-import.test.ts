/** Every function that any fixture imports: denied, typed and reported where nothing was granted, and no denial where all was. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CAPABILITY_KINDS } from "../../../src/capability/capability.js";
import { importAuthority, importRule } from "../../../src/capability/import-catalogue.js";
import { parseFunctionName } from "../../../src/component/component-names.js";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { toCamelCase, toPascalCase } from "../../../src/component/javascript-names.js";
import type { InterfaceShape, NamedFunction, World } from "../../../src/component/world.js";
import type { GuestAuthority, GuestEvent, Outcome } from "../../../src/rpc/messages.js";
import { filesystemExtension } from "../../../src/wasi/filesystem/filesystem-extension.js";
import { type GuestContext, ImportError } from "../../../src/wasi/guest-context.js";
import { hostFunctionExtension } from "../../../src/wasi/host-functions.js";
import { httpExtension } from "../../../src/wasi/http/http-extension.js";
import { createImportTable } from "../../../src/wasi/import-table.js";
import { InputStream, OutputStream } from "../../../src/wasi/io.js";
import { keyValueExtension } from "../../../src/wasi/keyvalue.js";
import { fixturePath, fixtures, isExpected } from "../../fixtures/index.js";

const EXTENSIONS = [hostFunctionExtension, filesystemExtension, httpExtension, keyValueExtension];

interface Guest {
  readonly table: Record<string, object>;
  readonly events: GuestEvent[];
  readonly ended: () => Outcome | undefined;
}

function createGuest(world: World, given: Partial<GuestAuthority>): Guest {
  const events: GuestEvent[] = [];
  let fatal: Outcome | undefined;
  const authority: GuestAuthority = {
    grants: [], environment: [], arguments: [], config: [], directories: [], hostInterfaces: [], standardInput: undefined, clockResolutionMilliseconds: 0, ...given,
  };
  const context: GuestContext = {
    authority,
    grants: new Set(authority.grants),
    emit: (event) => void events.push(event),
    // The page is asked for things that are not there: it answers like one that does not know them.
    channel: { call: () => { throw new ImportError("no-entry"); }, send: () => undefined },
    get fatal() { return fatal; },
    end: (reason) => {
      fatal ??= reason;
      return new WebAssembly.RuntimeError("ended");
    },
  };
  const authorities = new Map(world.imports.interfaces.map(({ name }) => [name, importRule(name)?.capability ?? `host:${name}`]));
  for (const { name } of world.imports.interfaces) if (importRule(name)?.capability === null) authorities.delete(name);
  return { table: createImportTable(world, authorities, context, EXTENSIONS), events, ended: () => fatal };
}

/** The glue's way to an imported function. */
function importedFunction(table: Guest["table"], shape: InterfaceShape, { name }: NamedFunction): () => unknown {
  const members = table[shape.name] as Record<string, unknown>;
  const role = parseFunctionName(name);
  if (role === null) throw new Error(`${name} is no function's name`);
  if (role.kind === "function") return members[toCamelCase(role.name)] as () => unknown;
  const resource = members[toPascalCase(role.resource)] as { new (): object; prototype: Record<string, () => unknown> } & Record<string, () => unknown>;
  if (role.kind === "constructor") return () => new resource();
  const found = role.kind === "static" ? resource[toCamelCase(role.name)] : resource.prototype[toCamelCase(role.name)];
  return () => Reflect.apply(found as () => unknown, Object.create(resource.prototype) as object, []);
}

const worlds = fixtures.filter(({ name }) => isExpected(name)).map(({ name }) => ({ name, world: decodeComponent(new Uint8Array(readFileSync(fixturePath(name)))) }));

/** What carries no authority of its own: types, and an exit that ends the plugin itself. */
function isHarmless(interfaceName: string): boolean {
  const capability = importRule(interfaceName)?.capability;
  return capability === null || capability === "exit";
}

/** The server's half of wasi:http: no plugin answers requests in a browser, whatever is granted. */
const SERVER_SIDE = /\](?:incoming-request|response-outparam|outgoing-response)\b/;

function functionsOf(world: World) {
  return world.imports.interfaces.filter(({ name }) => !isHarmless(name)).flatMap((shape) => shape.functions.map((named) => ({ shape, named, title: `${shape.name}#${named.name}` })));
}

describe.each(worlds)("$name", ({ world }) => {
  it("is denied every import, typed and reported, when nothing was granted", () => {
    for (const { shape, named, title } of functionsOf(world)) {
      const { table, events, ended } = createGuest(world, {});
      let answer: unknown;
      let thrown: unknown;
      try {
        answer = importedFunction(table, shape, named)();
        if (answer instanceof InputStream) void answer.read(1n);
        if (answer instanceof OutputStream) void answer.write(new Uint8Array(1));
      } catch (error) {
        thrown = error;
      }
      // These two ask what an error was: they carry no authority, and answer that it was none of theirs.
      if (/#(?:filesystem|http)-error-code$/.test(title)) {
        expect([answer, thrown], title).toEqual([undefined, undefined]);
        continue;
      }
      const denied = events.filter(({ kind }) => kind === "denied");
      expect(denied.length, `${title} is reported`).toBeGreaterThan(0);
      if (thrown === undefined) expect(Array.isArray(answer) ? answer : answer ?? [], `${title} answers that there is nothing`).toEqual([]);
      else if (thrown instanceof ImportError) expect(thrown.payload, title).toBeDefined();
      else {
        expect(thrown, title).toBeInstanceOf(WebAssembly.RuntimeError);
        expect(ended(), title).toMatchObject({ kind: "denied" });
      }
    }
  });

  it("is denied nothing that can be granted, when all of it was", () => {
    const hostInterfaces = world.imports.interfaces.map(({ name }) => name).filter((name) => importRule(name) === undefined);
    const directories = [{ path: "/", descriptor: { handle: 1, type: "directory", flags: {} } }];
    for (const { shape, named, title } of functionsOf(world)) {
      const authority = importRule(shape.name) === undefined ? "host" : importAuthority(shape.name, named.name);
      if (SERVER_SIDE.test(title)) continue;
      if (!(CAPABILITY_KINDS as readonly (string | null | undefined)[]).includes(authority)) continue;
      const { table, events, ended } = createGuest(world, { grants: CAPABILITY_KINDS, hostInterfaces, directories, standardInput: 1 });
      try {
        const answer = importedFunction(table, shape, named)();
        if (answer instanceof Promise) answer.catch(() => undefined);
      } catch {
        // Called without arguments, most fail: what counts is that none fails for want of a grant.
      }
      expect(events.filter(({ kind }) => kind === "denied"), title).toEqual([]);
      expect(ended()?.kind, title).not.toBe("denied");
    }
  });
});
