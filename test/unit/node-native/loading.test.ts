import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { encodeFrame, ORDER } from "../../../src/node/executor/process-frames.js";
import { hasHostileLibraries, hostileStart } from "../../support/hostile-library.js";
import { nativeHostScript, NativeProcess, startMessage } from "../../support/native-process.js";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "portcullis-native-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** The header of a shared object: class, byte order, machine. */
function elf(wordSize: number, machine: number): Uint8Array {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, wordSize, 1, 1]);
  header.writeUInt16LE(3, 16);
  header.writeUInt16LE(machine, 18);
  return header;
}

function mach(): Uint8Array {
  const header = Buffer.alloc(32);
  for (const [place, word] of [0xfeedfacf, 0x0100000c, 0, 6].entries()) header.writeUInt32LE(word, place * 4);
  return header;
}

async function startFile(bytes: Uint8Array): Promise<unknown> {
  const directory = folder();
  writeFileSync(join(directory, "libplugin.so"), bytes);
  return NativeProcess.start({ library: "plugin", directory });
}

describe("a file that is no library of this machine is not loaded", () => {
  const here = `${process.platform}-${process.arch}`;
  const other = process.arch === "arm64" ? { machine: 62, name: "linux-x64" } : { machine: 183, name: "linux-arm64" };
  test.each([
    ["of another processor", elf(2, other.machine), other.name],
    ["of 32 bits", elf(1, 3), "linux-ia32"],
    ["of macOS", mach(), "darwin-arm64"],
  ])("%s", async (_, bytes, found) => {
    await expect(startFile(bytes)).rejects.toMatchObject({ code: "runtime-unsupported", message: expect.stringContaining(`it was built for ${found}, and this process is ${here}`) as unknown });
  });

  test.each([["an empty file", new Uint8Array()], ["a text", toUtf8("#!/bin/sh\n")], ["half a header", elf(2, 62).subarray(0, 20)]])("%s", async (_, bytes) => {
    await expect(startFile(bytes)).rejects.toMatchObject({ code: "runtime-unsupported", message: expect.stringContaining("it is no dynamic library of a known system and processor") as unknown });
  });

  test("attack: a header alone, with nothing of what it announces", async () => {
    const machine = process.arch === "arm64" ? 183 : 62;
    await expect(startFile(elf(2, machine))).rejects.toMatchObject({ code: "instantiate-failed", message: expect.stringContaining("the system does not load it") as unknown });
  });
});

describe("attack: a library outside of the plugin's folder", () => {
  test.each(["../libplugin.so", "/etc/passwd", "link.so", "folder/../../libplugin.so"])("%s", async (library) => {
    const directory = folder();
    mkdirSync(join(directory, "plugin", "folder"), { recursive: true });
    writeFileSync(join(directory, "libplugin.so"), elf(2, 62));
    symlinkSync("../libplugin.so", join(directory, "plugin", "link.so"));
    const running = new NativeProcess(await nativeHostScript());
    await expect(running.load(startMessage("plugin", { directory: join(directory, "plugin"), library }))).rejects.toMatchObject({ code: "instantiate-failed", message: expect.stringContaining("outside of the plugin's folder") as unknown });
  });

  test("one that is not there", async () => {
    await expect(NativeProcess.start({ library: "nothing" })).rejects.toMatchObject({ code: "instantiate-failed", message: expect.stringContaining("it is not there") as unknown });
  });
});

test.each([
  ["no JSON", "{"],
  ["no library", JSON.stringify({ ...startMessage("a"), library: undefined })],
  ["a hash that is none", JSON.stringify(startMessage("a", { interfaceHash: "12" }))],
  ["an unknown member", JSON.stringify({ ...startMessage("a"), more: 1 })],
])("what is told wrongly is refused: %s", async (_, text) => {
  const running = new NativeProcess(await nativeHostScript());
  await expect(running.loadBytes(toUtf8(text))).rejects.toMatchObject({ code: "instantiate-failed", message: expect.stringContaining("not told as it must be") as unknown });
});

test("without koffi it says what to install", async () => {
  const script = join(folder(), "native-host.mjs");
  copyFileSync(await nativeHostScript(), script);
  await expect(NativeProcess.start({ library: "greeter", script })).rejects.toMatchObject({ code: "runtime-unsupported", message: expect.stringContaining("npm install koffi") as unknown });
});

/** Starts a process, gives it the frame, and waits. */
const EXECUTOR = `
  const { stdio, pid } = require("node:child_process").spawn(process.execPath, [process.argv[1]], { stdio: ["ignore", "inherit", "inherit", "pipe"] });
  stdio[3].write(Buffer.from(process.argv[2], "hex"));
  console.log(pid);
`;

test.skipIf(!hasHostileLibraries || process.platform !== "linux")("attack: a plugin that never returns does not outlive what started it", async () => {
  const frame = encodeFrame(ORDER.start, 0, toUtf8(JSON.stringify(hostileStart("load-loop"))));
  const executor = spawn(process.execPath, ["-e", EXECUTOR, await nativeHostScript(), Buffer.from(frame).toString("hex")], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  await new Promise<void>((resolve) => {
    executor.stdout.on("data", (text: Buffer) => {
      output += text.toString();
      if (output.includes("loaded") && output.includes("\n")) resolve();
    });
  });
  const pid = Number(/\d+/.exec(output)?.[0]);
  expect(isRunning(pid)).toBe(true);
  executor.kill("SIGKILL");
  // Until the test's own time is over.
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
});

/** What has ended may still be there as a zombie, where nobody takes its exit status. */
function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

test("a process that was kept ready and is not needed ends with its channel", async () => {
  const running = new NativeProcess(await nativeHostScript());
  expect(await running.end()).toEqual({ code: 0, signal: null });
});
