#!/usr/bin/env node
import { runCommandLine } from "./run.js";
import { processTerminal } from "./terminal.js";

// Not `process.exit`, which would cut off output that is still on its way into a pipe.
process.exitCode = await runCommandLine(process.argv.slice(2), processTerminal());
