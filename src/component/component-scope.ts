import { invalidComponent } from "./component-failures.js";
import type { Declaration, Sort } from "./component-syntax.js";
import type { FunctionType, TypeReference } from "./world.js";

/** A type in a scope's index space, its references resolved to positions in the type graph. */
export type TypeEntity =
  | { readonly kind: "value"; readonly type: TypeReference }
  | { readonly kind: "resource"; readonly index: number }
  | { readonly kind: "function"; readonly type: FunctionType }
  | { readonly kind: "instance"; readonly declarations: readonly Declaration[]; readonly frame: Frame }
  | { readonly kind: "component" };

export type Exports = ReadonlyMap<string, Entity>;

export type Entity =
  /** `type` is a text where it cannot be known: why. */
  | { readonly sort: "function"; readonly type: FunctionType | string }
  | { readonly sort: "type"; readonly type: TypeEntity }
  | { readonly sort: "instance"; readonly exports: Exports }
  | { readonly sort: "component"; readonly source: ComponentSource | null }
  | { readonly sort: "core" | "value" };

/** Where a nested component stands in the binary, and what it sees of the components around it. */
export interface ComponentSource {
  readonly start: number;
  readonly end: number;
  readonly frame: Frame;
}

/** A scope as it was when something inside it was defined: later definitions are not visible to that. */
export interface Frame {
  readonly scope: Scope;
  readonly types: number;
  readonly components: number;
}

/** The index spaces of one component, or of one component or instance type. */
export class Scope {
  readonly types: TypeEntity[] = [];
  readonly functions: (FunctionType | string)[] = [];
  readonly instances: Exports[] = [];
  readonly components: (ComponentSource | null)[] = [];
  readonly outer: Frame | null;
  /** Set when function indices from here on cannot be known: why. */
  functionsUnknown: string | null = null;

  constructor(outer: Frame | null) {
    this.outer = outer;
  }

  frame(): Frame {
    return { scope: this, types: this.types.length, components: this.components.length };
  }

  define(entity: Entity): void {
    switch (entity.sort) {
      case "function":
        if (this.functionsUnknown === null) this.functions.push(entity.type);
        break;
      case "type":
        this.types.push(entity.type);
        break;
      case "instance":
        this.instances.push(entity.exports);
        break;
      case "component":
        this.components.push(entity.source);
        break;
      case "core":
      case "value":
        // Nothing here refers to these by index.
        break;
    }
  }

  type(index: number): TypeEntity {
    return this.types[index] ?? outOfRange("type", index);
  }

  instance(index: number): Exports {
    return this.instances[index] ?? outOfRange("instance", index);
  }

  entity(sort: Sort, index: number): Entity {
    switch (sort) {
      case "function":
        return { sort, type: this.functions[index] ?? this.functionsUnknown ?? outOfRange("function", index) };
      case "type":
        return { sort, type: this.type(index) };
      case "instance":
        return { sort, exports: this.instance(index) };
      case "component": {
        const source = this.components[index];
        return { sort, source: source === undefined ? outOfRange("component", index) : source };
      }
      default:
        return { sort };
    }
  }

  /** What an `outer` alias means: `levels` components or types out. */
  outerEntity(sort: Sort, levels: number, index: number): Entity {
    let frame = this.frame();
    for (let left = levels; left > 0; left -= 1) {
      if (frame.scope.outer === null) throw invalidComponent(`an alias reaches ${levels} levels out, where there are fewer`);
      frame = frame.scope.outer;
    }
    const visible = sort === "type" ? frame.types : sort === "component" ? frame.components : Infinity;
    if (index >= visible) outOfRange(sort, index);
    if (sort !== "type" && sort !== "component" && sort !== "core") throw invalidComponent(`an outer alias of a ${sort}`);
    return frame.scope.entity(sort, index);
  }
}

function outOfRange(sort: string, index: number): never {
  throw invalidComponent(`${sort} index ${index} is out of range`);
}
