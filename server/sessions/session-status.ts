/** What a session is doing now, for whoever watches the server: the live page and metrics. */
export interface SessionStatus {
  readonly sessionId: string;
  /** The connection it came over, HOST:PORT of the other end: the sessions of one process share it. */
  readonly peer: string;
  /** When it began, Unix time in milliseconds. */
  readonly sinceMs: number;
  /** Whether something is open: its envs wait for actions, or its last trials for the disk. */
  readonly playing: boolean;
  /** Whether its stream was lost, and it waits for another. */
  readonly parked: boolean;
  /** Empty until the agent has said hello, as the next two. */
  readonly agent: string;
  readonly agentVersion: string;
  /** Language or runtime, as the agent says. */
  readonly language: string;
  /** The name it entered under; undefined in free play. */
  readonly entrant: string | undefined;
  /** Family of the task that is open, as the next four; undefined when nothing is. */
  readonly task: string | undefined;
  readonly tournamentId: string | undefined;
  readonly collectionId: string | undefined;
  /** "<task id>/<entrant>" */
  readonly matchId: string | undefined;
  /** Envs that want an action. */
  readonly activeEnvs: number;
  /** Since it began. */
  readonly steps: number;
  /** Since it began. */
  readonly completeTrials: number;
}
