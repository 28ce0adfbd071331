import { callableFunctions, type CallableFunction } from "../../component/callable-functions.js";
import { isLabel } from "../../component/component-names.js";
import { hashExports } from "../../component/interface-hash.js";
import { toCamelCase, toPascalCase } from "../../component/javascript-names.js";
import { streamResources } from "../../component/stream-resources.js";
import { definitionAt } from "../../component/type-words.js";
import type { InterfaceShape, World } from "../../component/world.js";
import { PluginError } from "../../errors/plugin-error.js";
import { printWorld } from "./print-descriptor.js";
import { printFunctionTable } from "./print-functions.js";
import { printTypes } from "./print-types.js";
import { selectWorld } from "./select-world.js";
import { TypeExpressions } from "./type-expressions.js";
import { toIdentifier, TypeNames } from "./typescript-names.js";

export interface GenerateTypesOptions {
  /** What the descriptor is called, in kebab-case: `photo-filter` gives `photoFilter` and `PhotoFilterFunctions`. */
  readonly name: string;
  /** What it was generated from, for the first line. */
  readonly source?: string;
}

/**
 * Writes the TypeScript for a world: its types, the functions that a plugin exports by the names that
 * `call` takes, the functions that the app offers to it, and the descriptor that `load` takes. The same
 * world gives the same text.
 *
 * @throws {PluginError} `usage-invalid` if the name is not kebab-case.
 */
export async function generateTypes(fullWorld: World, options: GenerateTypesOptions): Promise<string> {
  if (!isLabel(options.name)) {
    throw new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot generate types called ${JSON.stringify(options.name)}: a kebab-case name such as photo-filter is wanted` });
  }
  const world = selectWorld(fullWorld);
  const names = new TypeNames();
  const functionsName = names.take(`${toPascalCase(options.name)}Functions`);
  const importsName = names.take(`${toPascalCase(options.name)}Imports`);
  const types = new TypeExpressions(world, names);
  const { functions, methods } = callableFunctions(world);
  const resources = [...methods].map(([resource, table]) => printResource(resource, table.values(), types, names));
  const constant = toIdentifier(toCamelCase(options.name));
  const imports = printImports(world, importsName, types, names);
  const hostInterfaces = printHostInterfaces(imports.hosts, constant);
  const literal = printWorld(world);
  const text = [
    ...printTypes(types),
    ...resources,
    printFunctionTable(functionsName, "What a plugin exports, by the name that `call` takes.", functions.values(), types),
    ...imports.printed,
    // Once for all, where several refer to it.
    ...(hostInterfaces.length > 0 ? [`const ${constant}World: World = ${literal.replaceAll("\n  ", "\n")};`] : []),
    ...hostInterfaces,
    `/** What a plugin must export: give it to \`load\`. */\nexport const ${constant}: InterfaceDescriptor<${functionsName}> = defineInterface<${functionsName}>({\n  name: ${JSON.stringify(options.name)},\n  hash: "${await hashExports(world)}",\n  world: ${hostInterfaces.length > 0 ? `${constant}World` : literal},\n});`,
  ].join("\n\n");
  const origin = options.source === undefined ? "" : ` from ${JSON.stringify(options.source)}`;
  return `// Written by \`portcullis types\`${origin}. Do not edit it: write it again.\n\nimport { ${usedNames(text)} } from "portcullis";\n\n${text}\n`;
}

/** An interface that the app may implement. */
interface HostName {
  readonly interfaceName: string;
  readonly shortName: string;
  /** Of the TypeScript interface with its functions. */
  readonly typeName: string;
}

interface PrintedImports {
  readonly printed: readonly string[];
  readonly hosts: readonly HostName[];
}

/** A resource that plugins export: its methods, and what the app holds of it. */
function printResource(resource: number, methods: Iterable<CallableFunction>, types: TypeExpressions, names: TypeNames): string {
  const name = types.nameOf(resource) ?? "";
  const label = definitionAt(types.world, resource).name ?? "";
  const methodsName = names.take(`${name}Methods`);
  const table = printFunctionTable(methodsName, `Methods of resource \`${label}\`.`, methods, types);
  const stream = streamResources(types.world, types.world.exports).get(resource);
  const type = stream === undefined ? `PluginResource<${methodsName}>` : `PluginStream<${types.use(stream.item)}, ${methodsName}>`;
  return `${table}\n\n/** Resource \`${label}\`, which lives in the plugin. */\nexport type ${name} = ${type};`;
}

/** What the app offers: one interface for each that is imported, and one that holds them by full name. */
function printImports(world: World, importsName: string, types: TypeExpressions, names: TypeNames): PrintedImports {
  const { interfaces, functions } = world.imports;
  const hosts: HostName[] = [];
  if (interfaces.length === 0 && functions.length === 0) return { printed: [], hosts };
  // Imported functions have the same keys as exported ones would have.
  const printed: string[] = [];
  const members: string[] = [];
  const table = (shape: InterfaceShape) => callableFunctions({ ...world, exports: { interfaces: [shape], functions: [] } });
  for (const shape of interfaces) {
    const { functions: own, methods } = table(shape);
    for (const [resource, resourceMethods] of methods) {
      printed.push(printFunctionTable(types.nameOf(resource) ?? "", `Resource \`${definitionAt(world, resource).name ?? ""}\`, which the app implements.`, resourceMethods.values(), types, { mayBeAsynchronous: true }));
    }
    const shortName = shape.name.replace(/@.*$/, "").split("/").at(-1) ?? "";
    const name = names.take(`${toPascalCase(shortName)}Host`);
    printed.push(printFunctionTable(name, `What the app offers as \`${shape.name}\`.`, own.values(), types));
    members.push(`  readonly ${JSON.stringify(shape.name)}: ${name};`);
    hosts.push({ interfaceName: shape.name, shortName, typeName: name });
  }
  const { functions: free } = callableFunctions({ ...world, exports: { interfaces: [], functions } });
  const freeTable = printFunctionTable(importsName, "What the app offers to plugins: interfaces by their full name, and single functions.", free.values(), types);
  printed.push(members.length === 0 ? freeTable : freeTable.replace(/\{\n/, `{\n${members.join("\n")}\n`));
  return { printed, hosts };
}

/** A descriptor for each interface that the app may implement: give it to `hostInterface`. WASI's own are not the app's. */
function printHostInterfaces(hosts: readonly HostName[], taken: string): string[] {
  const constants = new Set([taken]);
  return hosts.filter(({ interfaceName }) => !interfaceName.startsWith("wasi:")).map(({ interfaceName, shortName, typeName }) => {
    const plain = toIdentifier(toCamelCase(shortName));
    let constant = plain;
    for (let copy = 2; constants.has(constant); copy += 1) constant = `${plain}${copy}`;
    constants.add(constant);
    return `/** What the app may implement as \`${interfaceName}\`: give it to \`hostInterface\`. */\nexport const ${constant}: HostInterfaceDescriptor<${typeName}> = defineHostInterface<${typeName}>({ name: ${JSON.stringify(interfaceName)}, world: ${taken}World });`;
  });
}

/** What generated code may import, in the order in which it does. */
const IMPORTED = [
  "defineHostInterface", "defineInterface", "type HostInterfaceDescriptor", "type InterfaceDescriptor",
  "type PluginItems", "type PluginResource", "type PluginStream", "type StreamSource", "type World",
];

function usedNames(text: string): string {
  return IMPORTED.filter((name) => new RegExp(`\\b${name.replace("type ", "")}\\b[<(]|: ${name.replace("type ", "")}\\b`).test(text)).join(", ");
}
