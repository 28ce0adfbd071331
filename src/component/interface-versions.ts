import { splitInterfaceName } from "./component-names.js";

interface Version {
  readonly numbers: readonly [number, number, number];
  readonly prerelease: boolean;
}

/**
 * What all compatible versions of an interface have in common, after the component model's canonical
 * interface names: `ns:p/i@1` for 1.x.y, `@0.2` for 0.2.x, the whole version for 0.0.x and pre-releases.
 */
export function compatibilityKey(interfaceName: string): string {
  const { base, version } = splitInterfaceName(interfaceName);
  const parsed = parseVersion(version);
  if (parsed === null || parsed.prerelease) return interfaceName;
  const [major, minor, patch] = parsed.numbers;
  if (major > 0) return `${base}@${major}`;
  return minor > 0 ? `${base}@0.${minor}` : `${base}@0.0.${patch}`;
}

/** Whether an interface of the name `actual` may stand where `wanted` is wanted: compatible, and not older. */
export function satisfiesInterface(wanted: string, actual: string): boolean {
  return wanted === actual || (compatibilityKey(wanted) === compatibilityKey(actual) && compareInterfaceVersions(actual, wanted) >= 0);
}

/** Orders names of compatible interfaces by version. */
export function compareInterfaceVersions(a: string, b: string): number {
  const left = parseVersion(splitInterfaceName(a).version)?.numbers ?? [0, 0, 0];
  const right = parseVersion(splitInterfaceName(b).version)?.numbers ?? [0, 0, 0];
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

function parseVersion(version: string | null): Version | null {
  const match = version === null ? null : /^(\d+)\.(\d+)\.(\d+)(-)?/.exec(version);
  if (match === null) return null;
  return { numbers: [Number(match[1]), Number(match[2]), Number(match[3])], prerelease: match[4] !== undefined };
}
