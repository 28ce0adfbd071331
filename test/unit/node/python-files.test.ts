import { execFileSync } from "node:child_process";
import { mkdir, realpath, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, type PluginLimits } from "../../../src/limits/plugin-limits.js";
import { readPythonFiles } from "../../../src/node/python-files.js";
import { refusal } from "../package/package-fixture.js";
import { packDirectory, PYTHON_TOML, pythonDirectory } from "./bridge-support.js";
import { directoryWith, temporaryDirectory } from "./support.js";

const read = async (directory: string, limits: Partial<PluginLimits> = {}): Promise<string[]> => {
  const root = await realpath(directory);
  return [...(await readPythonFiles({ root, leftOut: new Set([join(root, "wit")]), limits: { ...DEFAULT_LIMITS, ...limits } })).keys()];
};

describe("the files of a Python plugin", () => {
  test("are all but what describes it, what tools make, and hidden ones", async () => {
    const directory = await directoryWith(Object.fromEntries([
      "package.toml", "greeter.py", "data/table.csv", "tests/test_greeter.py", "requirements.txt", "package/package.toml", "target.py", "wit/greeter.wit", "other/wit/x.wit",
      "__pycache__/greeter.cpython-311.pyc", "data/__pycache__/x.py", "old.pyc", "package.sig", ".env", ".venv/bin/python", ".git/config", "data/.git/config", "target/debug/x", "data/target/x",
      "vendor/six.py", "vendor/PIL/.dylibs/libz.dylib", "vendor/target/__init__.py", "vendor/six.pyc", "vendor/__pycache__/six.pyc", "vendor/six-1.0.dist-info/RECORD",
    ].map((path) => [path, path])));
    expect(await read(directory)).toEqual([
      "data/table.csv", "greeter.py", "other/wit/x.wit", "package/package.toml", "requirements.txt", "target.py", "tests/test_greeter.py",
      "vendor/PIL/.dylibs/libz.dylib", "vendor/six-1.0.dist-info/RECORD", "vendor/six.py", "vendor/target/__init__.py",
    ]);
  });

  test("may be links to files of the directory", async () => {
    const directory = await directoryWith({ "a.py": "a" });
    await symlink("a.py", join(directory, "b.py"));
    expect(await read(directory)).toEqual(["a.py", "b.py"]);
  });

  test("attack: links that lead out, to directories, nowhere or around in a circle are refused", async () => {
    const outside = await directoryWith({ "secret.txt": "secret" });
    const targets = [join(outside, "secret.txt"), outside, "..", "../..", "/etc/hostname", "data", "absent", "link", "."];
    for (const target of targets) {
      const directory = await directoryWith({ "data/a.py": "a" });
      await symlink(target, join(directory, "link"));
      expect(await refusal(() => read(directory), "package-invalid"), target).toContain("the link link");
    }
    const directory = await directoryWith({ "a.py": "a" });
    await symlink(outside, join(directory, "vendor"));
    expect(await refusal(() => read(directory), "package-invalid")).toContain("vendor leads out");
  });

  test.skipIf(process.platform === "win32")("attack: a pipe, which nobody writes to, is refused and not waited for", async () => {
    const directory = await directoryWith({ "a.py": "a" });
    execFileSync("mkfifo", [join(directory, "pipe.py")]);
    expect(await refusal(() => read(directory), "package-invalid")).toContain("pipe.py is neither");
  });

  test.each([
    ["a name with a space", "my module.py", "only ASCII"],
    ["a name of another script", "módulo.py", "only ASCII"],
    ["a name that ends the line", "a\nb.py", "only ASCII"],
    ["a backslash", "a\\..\\b.py", "only ASCII"],
    ["a device of Windows", "data/aux.py", "device on Windows"],
    ["a name that ends in a dot", "module.", "ends in a dot"],
    ["a manifest", "manifest.json", "every package has its own"],
    ["a manifest in other letters", "Manifest.JSON", "every package has its own"],
    ["a signature in other letters", "manifest.SIG", "every package has its own"],
  ])("attack: %s is refused", async (_, name, says) => {
    const input = await pythonDirectory(PYTHON_TOML, { [name]: "x" });
    expect(await refusal(() => packDirectory(input), "package-invalid")).toContain(says);
  });

  test("attack: two names that are one where case is ignored are refused", async () => {
    const input = await directoryWith({ "a.py": "x", "A.py": "y" });
    expect(await refusal(() => read(input), "package-invalid")).toContain("one file where case is ignored");
  });

  test("attack: directories within directories without end are refused by the length of their path", async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, "d/".repeat(200)), { recursive: true });
    expect(await refusal(() => read(directory), "package-invalid")).toContain("longer than 255");
  });

  test("attack: thousands of files are counted before one is read", async () => {
    const directory = await temporaryDirectory();
    await Promise.all(Array.from({ length: DEFAULT_LIMITS.packageFiles + 1 }, (_, index) => writeFile(join(directory, `m${index}.py`), "")));
    expect(await refusal(() => read(directory), "package-too-large")).toContain("more than 4096 files");
    expect(await read(directory, { packageFiles: 5_000 })).toHaveLength(4_097);
  });

  test("attack: files that are together too large are refused before the last is read", async () => {
    const directory = await directoryWith({ "a.py": "x".repeat(60), "b.py": "x".repeat(41) });
    expect(await read(directory, { packageBytes: 101 })).toHaveLength(2);
    expect(await refusal(() => read(directory, { packageBytes: 100 }), "package-too-large")).toContain("41 bytes, and at most 40");
  });
});

describe("what a Python plugin requires", () => {
  const command = "python3 -m pip install -r requirements.txt --target vendor";

  test.each(["numpy==2.0.0\n", "# ours\n\nsix # the only one", "-r other.txt", "  -e ./local", "--requirement=x.txt", "six --hash=sha256:0", "\ufeffsix"])("must be in vendor/: %j", async (requirements) => {
    const input = await pythonDirectory(PYTHON_TOML, { "requirements.txt": requirements });
    expect(await refusal(() => packDirectory(input), "package-invalid")).toContain(command);
    await mkdir(join(input, "vendor"));
    expect((await packDirectory(input)).manifest.files.map(({ path }) => path)).toContain("requirements.txt");
  });

  test.each(["", "\n\r\n", "# nothing\n", "--index-url https://pypi.example/simple\n", "-c constraints.txt"])("may be nothing: %j", async (requirements) => {
    expect((await packDirectory(await pythonDirectory(PYTHON_TOML, { "requirements.txt": requirements }))).manifest.runtime).toBe("python");
  });

  test("is in the file that package.toml names", async () => {
    const toml = PYTHON_TOML.replace("entry_module", 'requirements = "deps/all of them.txt"\nentry_module');
    expect(await refusal(async () => packDirectory(await pythonDirectory(toml)), "package-invalid")).toContain("cannot be found");
    expect(await refusal(async () => packDirectory(await pythonDirectory(toml, { "deps/all of them.txt": "six" })), "package-invalid")).toContain("-r 'deps/all of them.txt' --target vendor");
  });

  test("is no file called vendor", async () => {
    const input = await pythonDirectory(PYTHON_TOML, { "requirements.txt": "six", vendor: "" });
    expect(await refusal(() => packDirectory(input), "package-invalid")).toContain(command);
  });

  test("attack: a requirements file that leads out, is no text or is too large is refused", async () => {
    const toml = PYTHON_TOML.replace("entry_module", 'requirements = "../requirements.txt"\nentry_module');
    expect(await refusal(async () => packDirectory(await pythonDirectory(toml)), "package-invalid")).toContain("leads out");
    expect(await refusal(async () => packDirectory(await pythonDirectory(PYTHON_TOML, { "requirements.txt": Uint8Array.of(0xff) })), "package-invalid")).toContain("UTF-8");
    await refusal(async () => packDirectory(await pythonDirectory(PYTHON_TOML, { "requirements.txt": " ".repeat(1024 * 1024 + 1) })), "package-too-large");
    expect((await packDirectory(await pythonDirectory(PYTHON_TOML, { "requirements.txt": " ".repeat(1024 * 1024) }))).manifest.id).toBe("acme.greeter");
  });
});
