/**
 * The process of one native plugin: `node native-host.js`, with descriptor 3 as the channel to its executor. It has one plugin in
 * its life, and ends when the channel does.
 */
import { toUtf8 } from "../../bytes/utf8.js";
import { isPluginError } from "../../errors/plugin-error.js";
import { decodeTarget, ORDER, PROCESS_DESCRIPTOR, type ProcessFrame, REPORT } from "../executor/process-frames.js";
import { ForeignFunctions } from "./foreign-functions.js";
import { FrameChannel } from "./frame-channel.js";
import { type LoadedPlugin, loadPlugin } from "./load-plugin.js";
import { outcomeParts, trap } from "./outcome.js";
import { parseStart } from "./start-message.js";
import { waitForDescriptor } from "./wait-for-descriptor.js";

async function run(channel: FrameChannel): Promise<void> {
  // Before there is anything to load, so that a process that was kept ready is.
  const functions = await ForeignFunctions.open().catch((error: unknown) => ({ error }));
  const first = channel.receive();
  if (first === undefined) return;
  try {
    if (!(functions instanceof ForeignFunctions)) throw functions.error;
    channel.waitBy(waitForDescriptor(functions, channel.descriptor));
    const { plugin, started, callsBack } = loadPlugin(functions, channel, parseStart(first.payload));
    channel.send(REPORT.started, 0, toUtf8(JSON.stringify(started)));
    await serve(channel, plugin, callsBack ? listen(functions, channel) : () => channel.receive());
  } catch (error) {
    if (!isPluginError(error)) throw error;
    channel.send(REPORT.failed, 0, toUtf8(JSON.stringify({ code: error.code, message: error.message })));
    process.exitCode = 1;
  }
}

async function serve(channel: FrameChannel, plugin: LoadedPlugin["plugin"], nextFrame: () => ProcessFrame | undefined | Promise<ProcessFrame | undefined>): Promise<void> {
  for (let frame = await nextFrame(); frame !== undefined; frame = await nextFrame()) {
    // Answers to host calls that nobody waits for any more are not for us.
    if (frame.kind === ORDER.call || frame.kind === ORDER.drop) channel.send(REPORT.answer, frame.id, ...outcomeParts(await perform(plugin, frame)));
  }
  await plugin.end();
}

async function perform(plugin: LoadedPlugin["plugin"], { kind, payload }: ProcessFrame): ReturnType<LoadedPlugin["plugin"]["call"]> {
  if (kind === ORDER.drop) return payload.length === 4 ? plugin.drop(new DataView(payload.buffer, payload.byteOffset).getUint32(0, true)) : trap("it was told to drop what has no number");
  const call = decodeTarget(payload);
  return call === undefined ? trap("it was told to call what has no name") : plugin.call(call.target, call.rest);
}

/** Frames, waited for so that the event loop turns: threads of the library can call back then. */
function listen(functions: ForeignFunctions, channel: FrameChannel): () => Promise<ProcessFrame | undefined> {
  const watch = functions.watch(channel.descriptor);
  return async () => {
    for (;;) {
      const arrived = channel.receiveArrived();
      if (arrived === "closed") return undefined;
      if (arrived !== "nothing") return arrived;
      await new Promise<void>((resolve) => {
        channel.whenLeft(resolve);
        watch(resolve);
      });
    }
  };
}

await run(new FrameChannel(PROCESS_DESCRIPTOR));
process.exit();
