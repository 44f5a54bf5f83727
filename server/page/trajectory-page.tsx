import type { TrajectoryView } from "../http/api.js";
import { actionName } from "./action-name.js";
import { BanditSteps } from "./bandit-steps.js";
import { GridSteps } from "./grid-steps.js";
import { short, whole } from "./numbers.js";
import { AgentName } from "./parts.js";
import { type Go, Player, useStep } from "./player.js";
import { Raster } from "./raster.js";
import { StepTable } from "./step-table.js";
import { linkTo } from "./view.js";

/** One trajectory, step by step. */
export function TrajectoryPage({ view }: { view: TrajectoryView }) {
  const { summary, actions, rewards, revealed } = view;
  const length = actions.length;
  const [step, go] = useStep(length);
  let total = 0;
  let regret = 0;
  for (let t = 0; t < step; t++) {
    total += rewards[t];
    regret += revealed.regrets[t];
  }
  const noun = view.drawing.as === "arms" ? "arm" : "action";
  const last = step === 0 ? "" : `: ${noun} ${actionName(view, actions[step - 1])}, reward ${short(rewards[step - 1])}`;
  const options = Object.entries(view.options).map(([name, value]) => `${name} ${String(value)}`);
  return (
    <>
      <header class="title">
        <h1>
          <AgentName name={summary.entrant ?? summary.agent} place={summary.place} /> on {summary.task}
        </h1>
        <p class="quiet">
          trial {whole(summary.trial)}
          {summary.episode > 0 && `, episode ${whole(summary.episode)}`} · {options.join(" · ")}
          {summary.tournament !== null && (
            <>
              {" · "}
              <a href={linkTo.tournament(summary.tournament)}>its tournament</a>
            </>
          )}
        </p>
      </header>
      <Player step={step} length={length} go={go} text={`step ${step} of ${length}${last}`} />
      <dl class="so-far">
        <div>
          <dt>return so far</dt>
          <dd>{short(total)}</dd>
        </div>
        <div>
          <dt>return</dt>
          <dd>{short(summary.return)}</dd>
        </div>
        <div>
          <dt>regret so far</dt>
          <dd>{short(regret)}</dd>
        </div>
        {summary.regret !== null && (
          <div>
            <dt>regret</dt>
            <dd>{short(summary.regret)}</dd>
          </div>
        )}
        <div>
          <dt>ended by</dt>
          <dd>{view.end_reason}</dd>
        </div>
      </dl>
      {length < summary.length && (
        <p class="note">
          The first {whole(length)} of {whole(summary.length)} steps; the log has all.
        </p>
      )}
      <div class="columns steps-first">
        <div>
          <Picture view={view} step={step} go={go} />
        </div>
        <section aria-label="Steps">
          <h2>Steps</h2>
          <StepTable view={view} step={step} />
          <p class="quiet keys">
            <kbd>←</kbd> <kbd>→</kbd> a step, <kbd>Space</kbd> plays, <kbd>Home</kbd> <kbd>End</kbd>
          </p>
        </section>
      </div>
    </>
  );
}

function Picture({ view, step, go }: { view: TrajectoryView; step: number; go: Go }) {
  const { drawing } = view;
  if (drawing.as === "arms") return <BanditSteps view={view} step={step} go={go} />;
  if (drawing.as === "grid") return <GridSteps view={view} step={step} rows={drawing.rows} columns={drawing.columns} />;
  return (
    <>
      <h2>States</h2>
      <Raster
        values={view.observations ?? []}
        rows={view.num_observations ?? 1}
        seen={step + 1}
        joined={true}
        label={`The state after each of ${view.actions.length} steps`}
        rowName="state"
        onPick={(column) => go(column - 1)}
      />
    </>
  );
}
