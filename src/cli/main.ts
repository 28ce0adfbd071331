#!/usr/bin/env node
import { runCommandLine } from "./run.js";
import { processTerminal } from "./terminal.js";

// Whoever reads the output may stop doing so, as `head` does: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

// Not `process.exit`, which would cut off output that is still on its way into a pipe.
process.exitCode = await runCommandLine(process.argv.slice(2), processTerminal());
