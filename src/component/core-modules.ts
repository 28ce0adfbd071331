import { BinaryReader, NESTING_LIMIT, ReadBudget } from "./binary-reader.js";
import { COMPONENT_PREAMBLE_SIZE, isComponent } from "./component-preamble.js";

export { isComponent, isCoreModule } from "./component-preamble.js";

/** Where a core module's bytes are in a component, in bytes. */
export interface CoreModuleRange {
  readonly offset: number;
  readonly size: number;
}

/**
 * Where every core module of a component stands, those of nested components included, in binary order.
 *
 * @throws {PluginError} `component-invalid` if the sections do not add up.
 */
export function locateCoreModules(bytes: Uint8Array): CoreModuleRange[] {
  const ranges: CoreModuleRange[] = [];
  collect(new BinaryReader(bytes, new ReadBudget()), 0, ranges);
  return ranges;
}

function collect(reader: BinaryReader, depth: number, ranges: CoreModuleRange[]): void {
  if (depth > NESTING_LIMIT) throw reader.invalid(`components are nested more than ${NESTING_LIMIT} deep`);
  if (!isComponent(reader.bytes.subarray(reader.offset, reader.end))) throw reader.invalid("it does not begin as a component");
  reader.part(COMPONENT_PREAMBLE_SIZE);
  while (!reader.done) {
    reader.budget.spend(1);
    const id = reader.byte();
    const section = reader.part(reader.u32());
    if (id === 1) ranges.push({ offset: section.offset, size: section.end - section.offset });
    if (id === 4) collect(section, depth + 1, ranges);
  }
}
