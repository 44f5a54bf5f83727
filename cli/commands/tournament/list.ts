/** `icrl tournament list`: the tournaments of a server. */
import { Command } from "commander";
import type { Connection } from "../../../clients/typescript/connect.js";
import type { GivenCredentials } from "../../../clients/typescript/credentials.js";
import { type Tournament, TournamentState } from "../../../proto/gen/icrl/v1/tournament.js";
import { printerFor } from "../../print/printer.js";
import { textTable } from "../../print/table.js";
import { hostAndPort } from "../arguments.js";
import { credentialFlags, withCredentialFlags } from "../credentials.js";
import { DEFAULT_ADDRESS } from "../serve.js";
import { withServer } from "./with-server.js";

interface ListFlags extends GivenCredentials {
  server: string;
  json?: boolean;
}

/** The command. */
export const listTournamentsCommand = (): Command =>
  withCredentialFlags(
    new Command("list")
      .description("List the tournaments of a server, newest first.")
      .option("--server <host:port>", "the server", hostAndPort, DEFAULT_ADDRESS),
  )
    .option("--json", "print JSON: [{id, name, state, trials, tasks, agents}]")
    .action(async (flags: ListFlags, command: Command) => {
      const given = credentialFlags(flags, command, flags.server);
      const tournaments = await withServer(flags.server, given, allOf);
      printerFor(flags).print(tournaments, listText, (all) => all.map(document));
    });

async function allOf(connection: Connection): Promise<Tournament[]> {
  const all: Tournament[] = [];
  for (let pageToken: string | undefined; pageToken !== ""; ) {
    const page = await connection.listTournaments({ pageToken: pageToken ?? "" });
    all.push(...page.tournaments);
    pageToken = page.nextPageToken;
  }
  return all;
}

const document = ({ id, spec, state }: Tournament) => ({
  id,
  name: spec?.name ?? "",
  state: stateText(state),
  trials: spec?.trials ?? 0,
  tasks: spec?.tasks.map((task) => task.id) ?? [],
  agents: spec?.agents.map((agent) => agent.name) ?? [],
});

/** As the wire names it, in lower case. */
const stateText = (state: TournamentState): string =>
  (Object.entries(TournamentState).find(([, value]) => value === state)?.[0] ?? "UNKNOWN").toLowerCase();

const listText = (tournaments: readonly Tournament[]): string =>
  textTable(
    [{ title: "id" }, { title: "name" }, { title: "state" }, { title: "trials", align: "right" }],
    tournaments.map(({ id, spec, state }) => [id, spec?.name ?? "", stateText(state), String(spec?.trials ?? 0)]),
  );
