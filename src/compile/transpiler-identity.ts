/// <reference path="./virtual-modules.d.ts" />
import { bindgenSha256, jcoVersion } from "virtual:portcullis/transpiler-identity";
import { POST_PROCESSOR_VERSION } from "./post-process-glue.js";

/**
 * Everything that makes the transpiler the one it is: jco's version, the digests of its three files and
 * the version of what is done to its output. Such as `jco-1.35.0+bindgen-0123456789abcdef+post-1`.
 */
export const TRANSPILER_VERSION = `jco-${jcoVersion}+bindgen-${bindgenSha256.slice(0, 16)}+post-${POST_PROCESSOR_VERSION}`;
