/*
 * What every directory backend must do, as cases that run in Node and in a page alike. An app that brings a backend of
 * its own can run them against it.
 */

/** @typedef {import("../../../src/broker/filesystem/directory-backend.js").DirectoryBackend} DirectoryBackend */

/** @param {string} text */
const bytes = (text) => new TextEncoder().encode(text);

/** @param {unknown} found @param {unknown} wanted @param {string} what */
function equal(found, wanted, what) {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`${what}: found ${one}, wanted ${other}`);
}

/** @param {Promise<unknown>} work @param {string} code */
async function fails(work, code) {
  const outcome = await work.then(() => "success", (error) => (error.name === "DirectoryError" ? error.code : String(error)));
  equal(outcome, code, "outcome");
}

/** @param {DirectoryBackend} directory @param {readonly string[]} path @param {string} content */
async function put(directory, path, content) {
  await directory.createFile(path);
  await directory.write(path, 0, bytes(content));
}

/** @param {DirectoryBackend} directory @param {readonly string[]} path */
async function text(directory, path) {
  const { size } = await directory.stat(path);
  return new TextDecoder().decode(await directory.read(path, 0, size));
}

/** @param {DirectoryBackend} directory @param {readonly string[]} path */
async function names(directory, path) {
  return (await directory.list(path)).map(({ name, kind }) => `${kind}:${name}`).sort();
}

/** @type {readonly (readonly [name: string, run: (directory: DirectoryBackend) => Promise<void>])[]} */
export const cases = [
  ["an empty directory", async (directory) => {
    equal((await directory.stat([])).kind, "directory", "kind");
    equal(await names(directory, []), [], "names");
    await fails(directory.stat(["missing"]), "no-entry");
    await fails(directory.list(["missing"]), "no-entry");
    await fails(directory.read(["missing"], 0, 1), "no-entry");
    await fails(directory.write(["missing"], 0, bytes("x")), "no-entry");
    await fails(directory.resize(["missing"], 0), "no-entry");
    await fails(directory.createFile(["missing", "file"]), "no-entry");
    await fails(directory.createDirectory(["missing", "folder"]), "no-entry");
    await fails(directory.removeFile(["missing"]), "no-entry");
    await fails(directory.removeDirectory(["missing"]), "no-entry");
    await fails(directory.rename(["missing"], ["other"]), "no-entry");
    await fails(directory.removeDirectory([]), "busy");
    await fails(directory.createDirectory([]), "exist");
    await fails(directory.createFile([]), "exist");
  }],
  ["files are made, written, read and cut", async (directory) => {
    await directory.createFile(["file"]);
    equal(await directory.stat(["file"]).then(({ kind, size }) => [kind, size]), ["file", 0], "empty file");
    await directory.write(["file"], 0, bytes("hello"));
    await directory.write(["file"], 5, bytes(" world"));
    await directory.write(["file"], 0, bytes("J"));
    equal(await text(directory, ["file"]), "Jello world", "content");
    await directory.write(["file"], "end", bytes("!"));
    await directory.write(["file"], "end", bytes("!"));
    equal(await text(directory, ["file"]), "Jello world!!", "appended");
    equal([...(await directory.read(["file"], 6, 5))], [...bytes("world")], "a part");
    equal([...(await directory.read(["file"], 11, 100))], [...bytes("!!")], "to the end");
    equal((await directory.read(["file"], 13, 10)).length, 0, "at the end");
    equal((await directory.read(["file"], 1_000_000, 10)).length, 0, "beyond the end");
    await directory.resize(["file"], 4);
    equal(await text(directory, ["file"]), "Jell", "cut");
    await directory.resize(["file"], 6);
    equal([...(await directory.read(["file"], 0, 10))], [...bytes("Jell"), 0, 0], "filled up, with zeros and not what was there");
    await directory.write(["file"], 0, new Uint8Array());
    await directory.write(["file"], 100, new Uint8Array());
    equal((await directory.stat(["file"])).size, 6, "writing nothing changes nothing");
  }],
  ["what is written beyond the end leaves zeros", async (directory) => {
    await put(directory, ["file"], "ab");
    await directory.write(["file"], 5, bytes("c"));
    equal([...(await directory.read(["file"], 0, 10))], [...bytes("ab"), 0, 0, 0, ...bytes("c")], "content");
  }],
  ["what was read or written is not shared", async (directory) => {
    await directory.createFile(["file"]);
    const given = bytes("abc");
    await directory.write(["file"], 0, given);
    given.fill(0);
    (await directory.read(["file"], 0, 3)).fill(0);
    equal(await text(directory, ["file"]), "abc", "content");
  }],
  ["many small writes are all there, whatever comes between", async (directory) => {
    await directory.createFile(["one"]);
    await directory.createFile(["two"]);
    for (let index = 0; index < 40; index += 1) {
      await directory.write([index % 3 === 0 ? "two" : "one"], "end", bytes(`${index},`));
      if (index % 7 === 0) await directory.list([]);
    }
    const numbers = Array.from({ length: 40 }, (_, index) => index);
    equal(await text(directory, ["one"]), numbers.filter((index) => index % 3 !== 0).map((index) => `${index},`).join(""), "one");
    equal(await text(directory, ["two"]), numbers.filter((index) => index % 3 === 0).map((index) => `${index},`).join(""), "two");
  }],
  ["calls that do not wait for each other", async (directory) => {
    await directory.createFile(["file"]);
    await Promise.all(Array.from({ length: 20 }, (_, index) => directory.write(["file"], index, bytes("x"))));
    const made = await Promise.allSettled(Array.from({ length: 5 }, () => directory.createFile(["exclusive"])));
    equal(await text(directory, ["file"]), "x".repeat(20), "content");
    equal(made.filter(({ status }) => status === "fulfilled").length, 1, "only one of several makes it");
  }],
  ["directories are made, listed and removed", async (directory) => {
    await directory.createDirectory(["folder"]);
    await directory.createDirectory(["folder", "inner"]);
    await put(directory, ["folder", "file"], "x");
    equal(await names(directory, []), ["directory:folder"], "names");
    equal(await names(directory, ["folder"]), ["directory:inner", "file:file"], "names below");
    await fails(directory.createDirectory(["folder"]), "exist");
    await fails(directory.createFile(["folder"]), "exist");
    await fails(directory.createDirectory(["folder", "file"]), "exist");
    await fails(directory.createFile(["folder", "file"]), "exist");
    await fails(directory.removeDirectory(["folder"]), "not-empty");
    await directory.removeFile(["folder", "file"]);
    await directory.removeDirectory(["folder", "inner"]);
    await directory.removeDirectory(["folder"]);
    equal(await names(directory, []), [], "nothing is left");
  }],
  ["a file is no directory and a directory no file", async (directory) => {
    await put(directory, ["file"], "x");
    await directory.createDirectory(["folder"]);
    await fails(directory.stat(["file", "below"]), "not-directory");
    await fails(directory.list(["file"]), "not-directory");
    await fails(directory.createFile(["file", "below"]), "not-directory");
    await fails(directory.createDirectory(["file", "below"]), "not-directory");
    await fails(directory.removeDirectory(["file"]), "not-directory");
    await fails(directory.read(["folder"], 0, 1), "is-directory");
    await fails(directory.write(["folder"], 0, bytes("x")), "is-directory");
    await fails(directory.resize(["folder"], 0), "is-directory");
    await fails(directory.removeFile(["folder"]), "is-directory");
    await fails(directory.read([], 0, 1), "is-directory");
  }],
  ["files are renamed, over others too", async (directory) => {
    await put(directory, ["one"], "1");
    await put(directory, ["two"], "22");
    await directory.createDirectory(["folder"]);
    await directory.rename(["one"], ["folder", "moved"]);
    equal(await text(directory, ["folder", "moved"]), "1", "moved");
    await directory.rename(["two"], ["folder", "moved"]);
    equal(await text(directory, ["folder", "moved"]), "22", "replaced");
    equal(await names(directory, []), ["directory:folder"], "names");
    await fails(directory.rename(["folder", "moved"], ["folder"]), "is-directory");
    await fails(directory.rename(["folder", "moved"], ["missing", "name"]), "no-entry");
    equal(await text(directory, ["folder", "moved"]), "22", "still there");
  }],
  ["directories are renamed with all in them", async (directory) => {
    await directory.createDirectory(["from"]);
    await directory.createDirectory(["from", "inner"]);
    await put(directory, ["from", "inner", "file"], "deep");
    await put(directory, ["file"], "x");
    await directory.createDirectory(["full"]);
    await put(directory, ["full", "file"], "x");
    await directory.createDirectory(["empty"]);
    await fails(directory.rename(["from"], ["file"]), "not-directory");
    await fails(directory.rename(["from"], ["full"]), "not-empty");
    await directory.rename(["from"], ["empty"]);
    equal(await text(directory, ["empty", "inner", "file"]), "deep", "content");
    equal(await names(directory, []), ["directory:empty", "directory:full", "file:file"], "names");
  }],
  ["names that differ in case or form are told apart, and renaming to one loses nothing", async (directory) => {
    await put(directory, ["name"], "x");
    await directory.rename(["name"], ["NAME"]);
    equal(await names(directory, []), ["file:NAME"], "names");
    equal(await text(directory, ["NAME"]), "x", "content");
  }],
  ["names are only names", async (directory) => {
    const odd = ["__proto__", "constructor", "toString", "hasOwnProperty", "a b", "ü", "日本", "a⁄b", "．．", "%2e%2e", "-", "~", "then"];
    for (const name of odd) {
      await fails(directory.stat([name]), "no-entry");
      await directory.createDirectory([name]);
      await put(directory, [name, name], name);
    }
    equal(await names(directory, []), odd.map((name) => `directory:${name}`).sort(), "names");
    for (const name of odd) equal(await text(directory, [name, name]), name, name);
    equal(Object.getPrototypeOf({}) === Object.prototype && !("name" in {}), true, "no prototype was touched");
  }],
  ["times are known", async (directory) => {
    const before = Date.now() - 60_000;
    await put(directory, ["file"], "x");
    const { modified } = await directory.stat(["file"]);
    equal(modified !== undefined && modified >= before && modified <= Date.now() + 60_000, true, "modified");
    if (directory.setTimes === undefined) return;
    await directory.setTimes(["file"], { modified: 1_000, accessed: undefined });
    equal((await directory.stat(["file"])).modified, 1_000, "modified");
    await fails(directory.setTimes(["missing"], { modified: 1, accessed: 1 }), "no-entry");
  }],
  ["synchronizing", async (directory) => {
    await put(directory, ["file"], "x");
    await directory.sync?.(["file"]);
    await directory.sync?.([]);
    equal(await text(directory, ["file"]), "x", "content");
  }],
];

/** The cases for a directory that holds at most 100 000 bytes. @type {typeof cases} */
export const boundedCases = [
  ["more than fits is refused, and leaves what was there", async (directory) => {
    await put(directory, ["file"], "kept");
    await directory.sync?.(["file"]);
    await fails(directory.write(["file"], 4, new Uint8Array(100_000)), "insufficient-space");
    await fails(directory.write(["file"], 2 ** 50, bytes("x")), "insufficient-space");
    await fails(directory.resize(["file"], 2 ** 50), "insufficient-space");
    equal(await text(directory, ["file"]), "kept", "content");
  }],
  ["what is removed or cut makes room", async (directory) => {
    for (let round = 0; round < 5; round += 1) {
      await directory.createFile(["file"]);
      await directory.write(["file"], 0, new Uint8Array(60_000));
      await fails(directory.write(["file"], 60_000, new Uint8Array(60_000)), "insufficient-space");
      await directory.resize(["file"], 10);
      await directory.write(["file"], 10, new Uint8Array(60_000));
      await directory.createFile(["other"]);
      await directory.rename(["other"], ["file"]);
      await directory.write(["file"], 0, new Uint8Array(60_000));
      await directory.removeFile(["file"]);
    }
  }],
  ["empty files are not free", async (directory) => {
    const fill = async () => {
      for (let count = 0; count < 1_000; count += 1) await directory.createFile([String(count)]);
    };
    await fails(fill(), "insufficient-space");
  }],
];
