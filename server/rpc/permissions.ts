/** Which roles may call what, where a token is demanded. docs/security.md has the same table; a method that is in neither is refused to all. */
import type { Role } from "../access/token.js";

const ALL: readonly Role[] = ["player", "reader", "operator"];
const PLAYERS: readonly Role[] = ["player", "operator"];
const READERS: readonly Role[] = ["reader", "operator"];
const OPERATORS: readonly Role[] = ["operator"];

/** By path. `everybody`: without a token, too. */
export const PERMISSIONS: Readonly<Record<string, readonly Role[] | "everybody">> = {
  "/icrl.v1.EnvironmentService/Play": PLAYERS,
  "/icrl.v1.EnvironmentService/ListTasks": ALL,
  "/icrl.v1.EnvironmentService/GetTask": ALL,
  "/icrl.v1.ServerInfoService/GetServerInfo": ALL,
  "/icrl.v1.TournamentService/CreateTournament": OPERATORS,
  "/icrl.v1.TournamentService/GetTournament": ALL,
  "/icrl.v1.TournamentService/ListTournaments": ALL,
  "/icrl.v1.TournamentService/WatchTournament": ALL,
  "/icrl.v1.TournamentService/StreamTrials": READERS,
  "/icrl.v1.TournamentService/CancelTournament": OPERATORS,
  "/icrl.v1.TournamentService/DeleteTournament": OPERATORS,
  "/icrl.v1.TournamentService/ForfeitMatches": OPERATORS,
  "/icrl.v1.CollectionService/CreateCollection": OPERATORS,
  "/icrl.v1.CollectionService/ListCollections": ALL,
  "/icrl.v1.CollectionService/WatchCollection": ALL,
  "/icrl.v1.CollectionService/CancelCollection": OPERATORS,
  "/icrl.v1.TrajectoryService/CountTrials": ALL,
  "/icrl.v1.TrajectoryService/ListTrajectories": ALL,
  "/icrl.v1.TrajectoryService/StreamTrajectories": ALL,
  "/dm_env_rpc.v1.Environment/Process": PLAYERS,
  "/grpc.health.v1.Health/Check": "everybody",
  "/grpc.health.v1.Health/Watch": "everybody",
  "/grpc.health.v1.Health/List": "everybody",
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": ALL,
  "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": ALL,
};

/** Methods whose streams are agents that play: they last as long as the agent likes, and have bounds and deadlines of their own. */
export const AGENT_STREAMS: readonly string[] = [
  "/icrl.v1.EnvironmentService/Play",
  "/dm_env_rpc.v1.Environment/Process",
];
