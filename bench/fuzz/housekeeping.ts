/** What an operator does while a fuzzing goes on: what it made is deleted, so that what a server keeps has an end, and made again. */
import { type Client, Metadata } from "@grpc/grpc-js";
import { CancelCollectionRequest } from "../../proto/gen/icrl/v1/collection.js";
import {
  CancelTournamentRequest,
  DeleteTournamentRequest,
  ListTournamentsRequest,
  ListTournamentsResponse,
} from "../../proto/gen/icrl/v1/tournament.js";
import { made, unary } from "../attacks/raw.js";
import { COLLECTION, TOURNAMENT } from "./requests.js";

/** Deletes all tournaments; `again`: makes the one that entrants know, and the collection, anew. */
export async function keepHouse(client: Client, operatorKey: string, again: boolean): Promise<void> {
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${operatorKey}`);
  const call = (path: string, bytes: Uint8Array) => unary(client, path, bytes, 60_000, metadata);
  const list = ListTournamentsRequest.encode(made(ListTournamentsRequest, { pageSize: 1000 })).finish();
  const answer = await call("TournamentService/ListTournaments", list);
  const tournaments = typeof answer === "string" ? [] : ListTournamentsResponse.decode(answer).tournaments;
  for (const { id } of tournaments) {
    await call("TournamentService/CancelTournament", CancelTournamentRequest.encode({ id, ownerKey: "" }).finish());
    await call("TournamentService/DeleteTournament", DeleteTournamentRequest.encode({ id, ownerKey: "" }).finish());
  }
  const { id } = COLLECTION;
  await call("CollectionService/CancelCollection", CancelCollectionRequest.encode({ id, ownerKey: "" }).finish());
  if (!again) return;
  await call("TournamentService/CreateTournament", TOURNAMENT.create);
  await call("CollectionService/CreateCollection", COLLECTION.create);
}
