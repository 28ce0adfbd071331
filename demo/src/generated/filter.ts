// Written by `portcullis types` from "demo/wit". Do not edit it: write it again.

import { defineInterface, type InterfaceDescriptor } from "portcullis";

/** Record `parameter` of darkroom:filters/filter@1.0.0. */
export interface Parameter {
  readonly name: string;
  readonly label: string;
  /** f32 */
  readonly minimum: number;
  /** f32 */
  readonly maximum: number;
  /** f32 */
  readonly initial: number;
  /** f32 */
  readonly step: number;
}

/** Record `description` of darkroom:filters/filter@1.0.0. */
export interface Description {
  readonly name: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
}

/** Record `image` of darkroom:filters/filter@1.0.0. */
export interface Image {
  /** u32 */
  readonly width: number;
  /** u32 */
  readonly height: number;
  /** list<u8> */
  readonly pixels: Uint8Array;
}

/** Record `setting` of darkroom:filters/filter@1.0.0. */
export interface Setting {
  readonly name: string;
  /** f32 */
  readonly value: number;
}

/** Variant `filter-error` of darkroom:filters/filter@1.0.0. */
export type FilterError = { readonly tag: "unknown-parameter"; readonly val: string } | { readonly tag: "out-of-range"; readonly val: string } | { readonly tag: "unsupported-image"; readonly val: string } | { readonly tag: "unavailable"; readonly val: string };

/** What a plugin exports, by the name that `call` takes. */
export interface FilterFunctions {
  /** `func() -> record description` */
  describe(): Description;
  /** `func(image: record image, settings: list<record setting>) -> result<record image, variant filter-error>` An `err` is thrown, with `FilterError` as `payload`. */
  apply(image: Image, settings: readonly Setting[]): Image;
}

/** What a plugin must export: give it to `load`. */
export const filter: InterfaceDescriptor<FilterFunctions> = defineInterface<FilterFunctions>({
  name: "filter",
  hash: "b11bf7019f0dcff96854176b8a6bc1cf2bd176431604bbb71447997bf377b4df",
  world: {
    types: [
      {"kind":"record","fields":[{"name":"name","type":"string"},{"name":"label","type":"string"},{"name":"minimum","type":"f32"},{"name":"maximum","type":"f32"},{"name":"initial","type":"f32"},{"name":"step","type":"f32"}],"name":"parameter","owner":"darkroom:filters/filter@1.0.0"},
      {"kind":"list","element":0},
      {"kind":"record","fields":[{"name":"name","type":"string"},{"name":"summary","type":"string"},{"name":"parameters","type":1}],"name":"description","owner":"darkroom:filters/filter@1.0.0"},
      {"kind":"list","element":"u8"},
      {"kind":"record","fields":[{"name":"width","type":"u32"},{"name":"height","type":"u32"},{"name":"pixels","type":3}],"name":"image","owner":"darkroom:filters/filter@1.0.0"},
      {"kind":"record","fields":[{"name":"name","type":"string"},{"name":"value","type":"f32"}],"name":"setting","owner":"darkroom:filters/filter@1.0.0"},
      {"kind":"list","element":5},
      {"kind":"variant","cases":[{"name":"unknown-parameter","type":"string"},{"name":"out-of-range","type":"string"},{"name":"unsupported-image","type":"string"},{"name":"unavailable","type":"string"}],"name":"filter-error","owner":"darkroom:filters/filter@1.0.0"},
      {"kind":"result","ok":4,"err":7},
    ],
    imports: {
      interfaces: [],
      functions: [],
    },
    exports: {
      interfaces: [
        {
          name: "darkroom:filters/filter@1.0.0",
          functions: [
            {"name":"describe","type":{"async":false,"parameters":[],"result":2}},
            {"name":"apply","type":{"async":false,"parameters":[{"name":"image","type":4},{"name":"settings","type":6}],"result":8}},
          ],
          resources: [],
        },
      ],
      functions: [],
    },
  },
});
