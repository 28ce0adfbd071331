/// <reference path="./virtual-modules.d.ts" />
// Entry of `transpiler/transpiler.js`: the transpiler as a module, for Node.
export { createTranspiler } from "virtual:portcullis/transpiler";
