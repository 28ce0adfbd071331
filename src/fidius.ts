/* The entry `portcullis/fidius`: components that were built for fidius. Apart, so that no other page downloads it. */
export { FidiusPlugin, loadFidius, type InputOptions, type LoadFidiusOptions, type StreamOptions } from "./fidius/load-fidius.js";
export { fidiusContract, type FidiusContract, type FidiusOptions } from "./fidius/fidius-contract.js";
export { FidiusError, type FidiusHostInterface, type FidiusHostMethod } from "./fidius/host-call.js";
export type { FidiusInput } from "./fidius/stream-pull.js";
export { fidiusInterfaceHash, type FidiusSignature } from "./fidius/interface-hash.js";
export { BincodeProblem, bincodeType, type BincodeCase, type BincodeField, type BincodeNumber, type BincodePrimitive, type BincodeType } from "./bincode/bincode-type.js";
export { decodeBincode } from "./bincode/decode-bincode.js";
export { encodeBincode } from "./bincode/encode-bincode.js";
