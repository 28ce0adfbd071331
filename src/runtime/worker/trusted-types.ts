interface TrustedTypesPolicy {
  // What it returns is an object, which the assignments that want it are declared to take as text.
  createHTML(text: string): string;
  createScriptURL(text: string): string;
}

interface TrustedTypesFactory {
  createPolicy(name: string, rules: TrustedTypesPolicy): TrustedTypesPolicy;
}

const same = (text: string): string => text;
let policy: TrustedTypesPolicy | null | undefined;

/**
 * `text` in the form that a page with `require-trusted-types-for 'script'` takes, through a policy named `portcullis`
 * that nobody else can reach. Only texts of this package's own making may be given, and the address that the app names for its relay script. Where the page does not allow
 * the policy, or the browser has none, it is the text itself, and whatever takes it decides.
 */
export function trusted(kind: keyof TrustedTypesPolicy, text: string): string {
  if (policy === undefined) {
    try {
      const { trustedTypes } = globalThis as unknown as { readonly trustedTypes: TrustedTypesFactory };
      policy = trustedTypes.createPolicy("portcullis", { createHTML: same, createScriptURL: same });
    } catch {
      policy = null;
    }
  }
  return policy?.[kind](text) ?? text;
}
