/** The version of this package, against which a manifest's minimum host version is held. */
export const HOST_VERSION = "0.1.0";

/**
 * Compares two semantic versions by precedence (semver.org §11). Build metadata does not count.
 *
 * @returns a negative number, zero or a positive number; `undefined` if either is not a semantic version.
 */
export function compareVersions(left: string, right: string): number | undefined {
  const [a, b] = [parseVersion(left), parseVersion(right)];
  if (a === undefined || b === undefined) return undefined;
  for (let position = 0; position < 3; position += 1) {
    const difference = (a.numbers[position] ?? 0) - (b.numbers[position] ?? 0);
    if (difference !== 0) return difference;
  }
  return comparePrereleases(a.prerelease, b.prerelease);
}

interface Version {
  readonly numbers: readonly number[];
  readonly prerelease: readonly string[];
}

const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/;

function parseVersion(text: string): Version | undefined {
  const match = VERSION.exec(text);
  if (match === null) return undefined;
  return { numbers: match.slice(1, 4).map(Number), prerelease: match[4]?.split(".") ?? [] };
}

function comparePrereleases(left: readonly string[], right: readonly string[]): number {
  // A version without a pre-release part comes after all of its pre-releases.
  if (left.length === 0 || right.length === 0) return right.length - left.length;
  for (let position = 0; position < Math.min(left.length, right.length); position += 1) {
    const difference = compareIdentifiers(left[position] ?? "", right[position] ?? "");
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function compareIdentifiers(left: string, right: string): number {
  const [leftNumeric, rightNumeric] = [/^\d+$/.test(left), /^\d+$/.test(right)];
  if (leftNumeric && rightNumeric) return Number(left) - Number(right);
  if (leftNumeric !== rightNumeric) return leftNumeric ? -1 : 1;
  return left < right ? -1 : Number(left > right);
}
