import type { ServerStatus, TrajectoriesView } from "../http/api.js";
import { Command, Empty, InTheLog, reachable, TrajectoryList } from "./parts.js";

function emptyTitle({ durable_episodes: durable, withholds }: ServerStatus): string {
  if (durable === 0) return "Nothing recorded yet";
  return withholds ? "Nothing that may be shown" : "Nothing recorded since the server started";
}

/** The latest trajectories. */
export function TrajectoriesPage({ view }: { view: TrajectoriesView }) {
  return (
    <>
      <h1>Recent trajectories</h1>
      {view.trajectories.length > 0 && (
        <p class="lead">
          A few of each second's, newest first, each with its return and its steps. The log has all of them:{" "}
          <code>npx icrl log list</code>.
        </p>
      )}
      {view.trajectories.length === 0 ? (
        <Empty title={emptyTitle(view.server)}>
          <InTheLog server={view.server} />
          <p>Let an agent play:</p>
          <Command text={`npx icrl play thompson --task bernoulli-bandit --server ${reachable(view.server.address)}`} />
        </Empty>
      ) : (
        <TrajectoryList trajectories={view.trajectories} now={view.server.now} />
      )}
    </>
  );
}
