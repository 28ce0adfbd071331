import type { JsonValue } from "../bytes/canonical-json.js";

/**
 * The form of a plugin's configuration: a small, closed subset of JSON Schema (2020-12). Every keyword is enforced exactly or
 * refused, so that a schema never promises more than is checked. There are no regular expressions: a hostile one stops a page.
 */
export type ConfigSchema = ConfigText | ConfigNumber | ConfigBoolean | ConfigList | ConfigObject;

/** For people; never checked. */
interface ConfigAnnotations {
  readonly title?: string;
  readonly description?: string;
}

export interface ConfigText extends ConfigAnnotations {
  readonly type: "string";
  readonly enum?: readonly string[];
  /** In UTF-16 units, as is {@link maxLength}. */
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly default?: JsonValue;
}

export interface ConfigNumber extends ConfigAnnotations {
  /** An `integer` is a whole number that JavaScript represents exactly. */
  readonly type: "integer" | "number";
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: JsonValue;
}

export interface ConfigBoolean extends ConfigAnnotations {
  readonly type: "boolean";
  readonly default?: JsonValue;
}

export interface ConfigList extends ConfigAnnotations {
  readonly type: "array";
  readonly items: ConfigSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: JsonValue;
}

export interface ConfigObject extends ConfigAnnotations {
  readonly type: "object";
  /** Other members than these are always refused. */
  readonly properties?: Readonly<Record<string, ConfigSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false;
  readonly default?: JsonValue;
}
