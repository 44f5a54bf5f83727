/** `icrl study`: its verbs. */
import { Command } from "commander";
import { runStudyCommand } from "./study/run.js";

/** The command. */
export function studyCommand(): Command {
  return new Command("study")
    .description("Train what differs in a few values, and compare.")
    .addCommand(runStudyCommand());
}
