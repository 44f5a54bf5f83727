/** `icrl tournament`: its verbs. */
import { Command } from "commander";
import { reportCommand } from "./tournament/report.js";
import { runTournamentCommand } from "./tournament/run.js";

/** The command. */
export function tournamentCommand(): Command {
  return new Command("tournament")
    .description("Play tournaments, and report them.")
    .addCommand(runTournamentCommand())
    .addCommand(reportCommand());
}
