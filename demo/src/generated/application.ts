// Written by `portcullis types` from "demo/wit/app". Do not edit it: write it again.

import { defineHostInterface, defineInterface, type HostInterfaceDescriptor, type InterfaceDescriptor, type World } from "portcullis";

/** Record `mask` of darkroom:app/lettering@1.0.0. */
export interface Mask {
  /** u32 */
  readonly width: number;
  /** u32 */
  readonly height: number;
  /** list<u8> */
  readonly coverage: Uint8Array;
}

/** What a plugin exports, by the name that `call` takes. */
export interface ApplicationFunctions {
}

/** What the app offers as `darkroom:app/lettering@1.0.0`. */
export interface LetteringHost {
  /** `func(text: string, height: u32) -> result<record mask, string>` An `err` is thrown, with `string` as `payload`. */
  render(text: string, height: number): Mask;
}

/** What the app offers to plugins: interfaces by their full name, and single functions. */
export interface ApplicationImports {
  readonly "darkroom:app/lettering@1.0.0": LetteringHost;
}

const applicationWorld: World = {
  types: [
    {"kind":"list","element":"u8"},
    {"kind":"record","fields":[{"name":"width","type":"u32"},{"name":"height","type":"u32"},{"name":"coverage","type":0}],"name":"mask","owner":"darkroom:app/lettering@1.0.0"},
    {"kind":"result","ok":1,"err":"string"},
  ],
  imports: {
    interfaces: [
      {
        name: "darkroom:app/lettering@1.0.0",
        functions: [
          {"name":"render","type":{"async":false,"parameters":[{"name":"text","type":"string"},{"name":"height","type":"u32"}],"result":2}},
        ],
        resources: [],
      },
    ],
    functions: [],
  },
  exports: {
    interfaces: [],
    functions: [],
  },
};

/** What the app may implement as `darkroom:app/lettering@1.0.0`: give it to `hostInterface`. */
export const lettering: HostInterfaceDescriptor<LetteringHost> = defineHostInterface<LetteringHost>({ name: "darkroom:app/lettering@1.0.0", world: applicationWorld });

/** What a plugin must export: give it to `load`. */
export const application: InterfaceDescriptor<ApplicationFunctions> = defineInterface<ApplicationFunctions>({
  name: "application",
  hash: "02ab9fb6565f86c82ea30281d253d734b48d33ecf3fb5bc1388ea6a70092a68f",
  world: applicationWorld,
});
