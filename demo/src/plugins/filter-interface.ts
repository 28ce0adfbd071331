// The filters' WIT in TypeScript; `portcullis types` writes it.
export { type Description, filter as filterInterface, type FilterFunctions, type Parameter, type Setting } from "../generated/filter.js";
