/** `blur-radius` as jco spells it in JavaScript: `blurRadius`. */
export function toCamelCase(label: string): string {
  const pascal = toPascalCase(label);
  const [first = ""] = label.split("-");
  return first.toLowerCase() + pascal.slice(first.length);
}

/** `blur-radius` as jco names a class: `BlurRadius`. Acronyms are words like others: `HTTP-url` is `HttpUrl`. */
export function toPascalCase(label: string): string {
  return label.split("-").map((word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()).join("");
}
