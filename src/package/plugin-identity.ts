const MAXIMUM_ID_LENGTH = 128;
const MAXIMUM_VERSION_LENGTH = 128;

const ID = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:\.[a-z][a-z0-9]*(?:-[a-z0-9]+)*)*$/;

// Semantic Versioning 2.0.0, the grammar in its FAQ.
const NUMBER = "(?:0|[1-9]\\d*)";
const PRERELEASE_PART = `(?:${NUMBER}|\\d*[A-Za-z-][0-9A-Za-z-]*)`;
const VERSION = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${PRERELEASE_PART}(?:\\.${PRERELEASE_PART})*)?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

/** Tells whether `text` is a plugin id: dotted lower-case words, such as `acme.blur`, at most 128 characters. */
export function isPluginId(text: string): boolean {
  return text.length <= MAXIMUM_ID_LENGTH && ID.test(text);
}

/** Tells whether `text` is a semantic version (SemVer 2.0.0), at most 128 characters. */
export function isSemanticVersion(text: string): boolean {
  return text.length <= MAXIMUM_VERSION_LENGTH && VERSION.test(text);
}
