/** `icrl tournament`: its verbs. */
import { Command } from "commander";
import { runTournamentCommand } from "./tournament/run.js";

/** The command. */
export function tournamentCommand(): Command {
  return new Command("tournament").description("Play tournaments.").addCommand(runTournamentCommand());
}
