import { PluginError } from "../errors/plugin-error.js";

/** The binary breaks the format: truncated, corrupted or made to mislead. */
export function invalidComponent(found: string): PluginError {
  return new PluginError({
    code: "component-invalid",
    stage: "admit",
    message: `Cannot read the component: ${found}. The file is damaged, or was not made by a component tool; build it again`,
  });
}

/** The binary may be well formed, but has something that Portcullis does not read. */
export function unsupportedComponent(found: string): PluginError {
  return new PluginError({ code: "component-unsupported", stage: "admit", message: `Cannot use the component: ${found}` });
}
