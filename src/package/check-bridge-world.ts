import { parseFunctionName } from "../component/component-names.js";
import { mapDefinition } from "../component/map-references.js";
import { resultSides } from "../component/result-sides.js";
import { isStep, producedStream, streamResources } from "../component/stream-resources.js";
import { definitionAt, typeWords } from "../component/type-words.js";
import type { FunctionType, InterfaceShape, NamedFunction, TypeReference, World } from "../component/world.js";
import type { Refuse } from "./bounded-json.js";
import type { BridgeCode, BridgeMethod } from "./manifest.js";
import { quotedText } from "./quoted-text.js";

/** What a plugin pulls the items of a given stream from. */
export const STREAM_PULL_INTERFACE = "fidius:stream-pull/pull@0.1.0";

/** fidius's own functions of each interface, which are no methods of the plugin. */
const RESERVED: ReadonlySet<string> = new Set(["fidius-interface-hash", "fidius-configure"]);

/**
 * Checks that a world is one that native or Python code can have: that of fidius's plugins, with a method for each function.
 *
 * @throws the error that `refuse` makes
 */
export function checkBridgeWorld(world: World, { methods }: BridgeCode, refuse: Refuse): void {
  const [direct] = [...world.exports.functions, ...world.imports.functions];
  if (direct !== undefined) throw refuse(`its world has the function ${quotedText(direct.name)} outside of any interface, and a bridge carries only functions of interfaces`);
  const [offered, another] = world.exports.interfaces;
  if (offered === undefined || another !== undefined) throw refuse(`it exports ${world.exports.interfaces.length} interfaces, and what runs on a bridge exports one`);
  checkImports(world, methods, refuse);
  checkFunctions(world, offered, refuse);
  checkMethods(world, offered, methods, refuse);
}

function checkImports({ imports }: World, methods: readonly BridgeMethod[], refuse: Refuse): void {
  const names = imports.interfaces.map(({ name }) => name);
  // Code on a server has what its process has. A manifest that lists WASI would claim a bound that nothing holds.
  const system = names.find((name) => name.startsWith("wasi:"));
  if (system !== undefined) throw refuse(`it imports ${quotedText(system)}, and what runs on a bridge imports only interfaces of the app`);
  const taker = methods.find(({ takesStream }) => takesStream);
  if (taker === undefined || names.includes(STREAM_PULL_INTERFACE)) return;
  throw refuse(`its method ${quotedText(taker.function)} takes a stream, and it does not import ${STREAM_PULL_INTERFACE}, which carries it`);
}

/** Streams are the only resources, and appear only where a function answers with one, since they cross as numbers. */
function checkFunctions(world: World, { functions, resources }: InterfaceShape, refuse: Refuse): void {
  const streams = streamResources(world, world.exports);
  const other = resources.find((index) => !streams.has(index));
  if (other !== undefined) throw refuse(`it exports the ${typeWords(world, other)}, which is no stream, and a bridge carries only streams`);
  const handles = typesWithHandles(world);
  const holds = (type: TypeReference | null): boolean => typeof type === "number" && handles.has(type);
  for (const { name, type } of functions) {
    if (type.async) throw refuse(`its function ${quotedText(name)} is async, which code on a bridge cannot be`);
    const isMethod = parseFunctionName(name)?.kind === "function";
    if (!isMethod && !isStep(name)) throw refuse(`it exports ${quotedText(name)}, and a stream has nothing but "next"`);
    if (!isReservedForm(world, name, type)) throw refuse(`its function ${quotedText(name)} has another type than fidius gives it`);
    const { ok, err } = resultSides(world, type.result);
    const given = isMethod ? type.parameters : type.parameters.slice(1);
    const isStream = isMethod && producedStream(world, world.exports, type) !== undefined;
    if (holds(err) || (holds(ok) && !isStream) || given.some((parameter) => holds(parameter.type))) {
      throw refuse(`its function ${quotedText(name)} has a resource where a bridge cannot carry one: a function may answer with a stream, and nothing else`);
    }
  }
}

/** Whether a function of fidius's own name is that function. */
function isReservedForm(world: World, name: string, { parameters, result }: FunctionType): boolean {
  if (name === "fidius-interface-hash") return parameters.length === 0 && result === "u64";
  return name !== "fidius-configure" || (result === null && parameters.length === 1 && parameters.every(({ type }) => isBytes(world, type)));
}

/** Definitions that are a resource's handle or have one inside. */
function typesWithHandles({ types }: World): ReadonlySet<number> {
  const found = new Set<number>();
  for (const [index, definition] of types.entries()) {
    mapDefinition(definition, {
      type: (reference) => {
        if (found.has(reference)) found.add(index);
        return reference;
      },
      resource: (reference) => {
        found.add(index);
        return reference;
      },
    });
  }
  return found;
}

function checkMethods(world: World, offered: InterfaceShape, methods: readonly BridgeMethod[], refuse: Refuse): void {
  const missing = new Map(bridgeMethods(offered).map(({ name, type }) => [name, type]));
  const listed = new Set<string>();
  for (const method of methods) {
    const name = quotedText(method.function);
    if (listed.has(method.function)) throw refuse(`it lists the method ${name} twice`);
    listed.add(method.function);
    const type = missing.get(method.function);
    if (type === undefined) throw refuse(`it lists the method ${name}, which ${offered.name} does not have`);
    missing.delete(method.function);
    const problem = methodProblem(world, method, type);
    if (problem !== undefined) throw refuse(`its method ${name} ${problem}`);
  }
  const [left] = missing.keys();
  if (left !== undefined) throw refuse(`it does not list the method ${quotedText(left)} of ${offered.name}`);
}

/** The functions of an interface that are a plugin's own methods: not fidius's, and not those of resources. */
export function bridgeMethods({ functions }: InterfaceShape): readonly NamedFunction[] {
  return functions.filter(({ name }) => parseFunctionName(name)?.kind === "function" && !RESERVED.has(name));
}

function methodProblem(world: World, { raw, takesStream, item }: BridgeMethod, type: FunctionType): string | undefined {
  if (item !== undefined && !takesStream) return "has a type of items, and takes no stream";
  if (!raw) return undefined;
  if (takesStream) return "is raw and takes a stream, which cannot be both";
  const isRaw = type.parameters.length === 1 && type.parameters.every((parameter) => isBytes(world, parameter.type)) && isBytes(world, resultSides(world, type.result).ok);
  return isRaw ? undefined : "is raw, and its type is not func(list<u8>) -> list<u8>, or with a result around the answer";
}

function isBytes(world: World, type: TypeReference | null): boolean {
  const definition = typeof type === "number" ? definitionAt(world, type) : undefined;
  return definition?.kind === "list" && definition.element === "u8" && definition.length === undefined;
}
