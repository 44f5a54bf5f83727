/** `icrl tournament`: its verbs. */
import { Command } from "commander";
import { cancelTournamentCommand, deleteTournamentCommand } from "./tournament/end.js";
import { listTournamentsCommand } from "./tournament/list.js";
import { reportCommand } from "./tournament/report.js";
import { runTournamentCommand } from "./tournament/run.js";

/** The command. */
export function tournamentCommand(): Command {
  return new Command("tournament")
    .description("Play tournaments, report them, and end those on a server.")
    .addCommand(runTournamentCommand())
    .addCommand(reportCommand())
    .addCommand(listTournamentsCommand())
    .addCommand(cancelTournamentCommand())
    .addCommand(deleteTournamentCommand());
}
