/** Ed25519 in JavaScript, for where the platform has none. A file of its own, so that it is only downloaded there. */
export { default as tweetnacl } from "tweetnacl";
