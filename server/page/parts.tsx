/** Small things that several views show. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { ServerStatus, State, TrajectorySummary } from "../http/api.js";
import { colourName, dashOf } from "./colours.js";
import { counted, duration, percent, short, whole } from "./numbers.js";
import { linkTo } from "./view.js";

/** A piece of an agent's line, as in the charts. */
export function Swatch({ place }: { place: number | null }) {
  return (
    <svg class="swatch" viewBox="0 0 18 8" width="18" height="8" aria-hidden="true">
      <line
        x1="1"
        y1="4"
        x2="17"
        y2="4"
        stroke={`var(${colourName(place)})`}
        stroke-width="3"
        stroke-dasharray={dashOf(place).join(" ")}
      />
    </svg>
  );
}

/** An agent's name with its piece of line. */
export function AgentName({ name, place, title }: { name: string; place: number | null; title?: string }) {
  return (
    <span class="agent" title={title}>
      <Swatch place={place} />
      <span class="name">{name}</span>
    </span>
  );
}

/** How much of something is done. */
export function Progress({ done, all, label, place }: { done: number; all: number; label: string; place?: number }) {
  const share = all === 0 ? 0 : done / all;
  return (
    <span
      class="progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={all}
      aria-valuenow={done}
      aria-valuetext={percent(done, all)}
    >
      <span
        style={{
          transform: `scaleX(${share})`,
          ...(place === undefined ? {} : { background: `var(${colourName(place)})` }),
        }}
      />
    </span>
  );
}

/** Where a tournament or a match stands, in a word. */
export function Badge({ state }: { state: State }) {
  return <span class={`badge ${state}`}>{state === "pending" ? "waiting" : state}</span>;
}

/** A command to type elsewhere. */
export function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      window.setTimeout(() => setCopied(false), 2000);
    } catch {
      setCopied(false); // not allowed here: the text can be selected
    }
  }
  return (
    <div class="command">
      <code>{text}</code>
      <button type="button" onClick={copy}>
        {copied ? "Copied" : "Copy"}
      </button>
    </div>
  );
}

/** What stands where there is nothing yet. */
export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Where episodes are that this page does not have: it shows those that were recorded since the server started. */
export function InTheLog({ server, tournament }: { server: ServerStatus; tournament?: string }) {
  if (server.durable_episodes === 0) return null;
  return (
    <>
      <p class="quiet">
        {tournament === undefined
          ? `${counted(server.durable_episodes, "episode is", "episodes are")} in the log;`
          : "What was played before is in the log;"}{" "}
        this page shows those recorded since the server started. On its machine, with DIR the folder of the log:
      </p>
      <Command text={`npx icrl log list --data DIR${tournament === undefined ? "" : ` --tournament ${tournament}`}`} />
    </>
  );
}

/** The address that agents on this machine connect to. */
export function reachable(address: string): string {
  return address.replace(/^(0\.0\.0\.0|\[::\]):/, "127.0.0.1:");
}

/** Trajectories, one a line, each a link to its steps. */
export function TrajectoryList({ trajectories, now }: { trajectories: readonly TrajectorySummary[]; now: number }) {
  return (
    <ul class="rows trajectories">
      {trajectories.map((one) => (
        <li key={one.id}>
          <a class="row" href={linkTo.trajectory(one.id)}>
            <AgentName name={one.entrant ?? one.agent} place={one.place} />
            <span class="what">
              {one.task} <span class="quiet">trial {whole(one.trial)}</span>
              {one.episode > 0 && <span class="quiet"> episode {whole(one.episode)}</span>}
            </span>
            <span class="number">
              <span class="quiet">return</span> {short(one.return)}
            </span>
            <span class="when quiet">{ago(now - one.at)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

const ago = (ms: number): string => (ms < 2000 ? "now" : `${duration(ms)} ago`);
