#!/usr/bin/env node
/** The process `icrl`. */
import { EXIT } from "../jobs/processes/exit-codes.js";
import { tellParent } from "../jobs/processes/told-error.js";
import { runProgram } from "./program.js";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok); // `icrl ... | head`
  throw error;
});

await runProgram(process.argv.slice(2), tellParent);
