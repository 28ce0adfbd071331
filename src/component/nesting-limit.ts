/** Components and types inside one another, and types inside types; the deepest seen in practice is 12. */
export const NESTING_LIMIT = 100;
