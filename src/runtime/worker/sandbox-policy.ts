/**
 * The policy around every plugin: nothing but WebAssembly may run, and nothing may be fetched, imported, evaluated
 * or connected to. `default-src 'none'` and never only `connect-src`: fonts, `import()` and nested workers leak past that.
 */
export const SANDBOX_POLICY = "default-src 'none'; script-src 'wasm-unsafe-eval'; worker-src data:";

/**
 * Whether `policy` says what {@link SANDBOX_POLICY} says, in any order and spacing. One more directive is another
 * policy: each of them that fetches something takes its exception from `default-src`.
 */
export function isSandboxPolicy(policy: string): boolean {
  return normalized(policy) === normalized(SANDBOX_POLICY);
}

function normalized(policy: string): string {
  return policy.toLowerCase().split(";").map((directive) => directive.trim().replace(/\s+/g, " ")).filter((directive) => directive !== "").sort().join(";");
}
