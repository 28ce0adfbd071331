import { isStreamSource } from "../capability/stream-source.js";
import { streamResources } from "../component/stream-resources.js";
import type { World } from "../component/world.js";
import type { HostHandle } from "./handle-table.js";
import { SourceReader } from "./source-reader.js";

/** An object of the app that stands for a resource which a plugin holds. */
export class HostResource implements HostHandle {
  readonly object: object;
  /** The resource's position among the types of the plugin's world. */
  readonly resource: number;
  /** Lent for one call: it stays the app's to free. */
  readonly isBorrowed: boolean;
  /** Reads it, where the app gave something to iterate instead of an object with `next`. */
  readonly reader: SourceReader | undefined;
  readonly #report: (error: unknown) => void;

  constructor(object: object, resource: number, { world, report, isBorrowed = false }: HostResourceOptions) {
    this.object = object;
    this.resource = resource;
    this.isBorrowed = isBorrowed;
    this.#report = report;
    const shape = streamResources(world, world.imports).get(resource);
    this.reader = shape !== undefined && isStreamSource(object) ? new SourceReader(object, shape) : undefined;
  }

  /** The app has it back, or it was only lent. */
  release(): void {
    try {
      this.reader?.release();
    } catch (error) {
      this.#report(error);
    }
  }

  dispose(): void {
    if (this.isBorrowed) return this.release();
    // One that fails, even by a getter, must not keep the others from being freed.
    Promise.resolve().then(() => (this.reader === undefined ? disposeObject(this.object) : this.reader.close())).catch(this.#report);
  }
}

export interface HostResourceOptions {
  /** The plugin's. */
  readonly world: World;
  /** Told what the app's object did wrong. */
  readonly report: (error: unknown) => void;
  readonly isBorrowed?: boolean;
}

async function disposeObject(object: object): Promise<void> {
  const dispose: unknown = Reflect.get(object, Symbol.dispose ?? Symbol.for("dispose"));
  if (typeof dispose === "function") await Reflect.apply(dispose, object, []);
}
