import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type {
  AgentsView,
  Overview,
  ServerStatus,
  TournamentView,
  TrajectoriesView,
  TrajectoryView,
} from "../http/api.js";
import { AgentsPage } from "./agents-page.js";
import { Home } from "./home.js";
import { Login } from "./login.js";
import { operatorKey, takeKey } from "./operator-key.js";
import { TournamentPage } from "./tournament-page.js";
import { TrajectoriesPage } from "./trajectories-page.js";
import { TrajectoryPage } from "./trajectory-page.js";
import { shareText } from "./trial-counts.js";
import { type Live, useLive } from "./use-live.js";
import { linkTo, requestOf, type View, viewOf } from "./view.js";

/** The whole page. */
export function App() {
  const view = useView();
  const live = useLive(requestOf(view), isSettled);
  const title = titleOf(view, live.value);
  useEffect(() => {
    document.title = title;
  }, [title]);
  const main = useFocusAfterMoving(JSON.stringify(view.name === "tournament" ? [view.name, view.id] : view));

  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <header class="bar">
        <a class="brand" href={linkTo.home}>
          <img src="/icon.svg" alt="" width="22" height="22" /> icrl
        </a>
        <nav aria-label="Views">
          <NavLink href={linkTo.home} current={view.name === "home" || view.name === "tournament"}>
            Overview
          </NavLink>
          <NavLink href={linkTo.agents} current={view.name === "agents"}>
            Agents
          </NavLink>
          <NavLink href={linkTo.trajectories} current={view.name === "trajectories" || view.name === "trajectory"}>
            Trajectories
          </NavLink>
        </nav>
        <span class={live.gone ? "pulse gone" : "pulse"}>
          <span class="dot" aria-hidden="true" />
          {live.gone ? "no answer" : "live"}
        </span>
      </header>
      <div role="status" aria-live="polite">
        {live.gone && (
          <p class="banner">
            <strong>The server does not answer.</strong> It may have stopped, or its port may have changed. This page
            tries again by itself{live.value === undefined ? "." : "; what you see is what it said last."}
          </p>
        )}
        <Withheld value={live.value} />
      </div>
      <main id="main" ref={main} tabIndex={-1} aria-busy={live.value === undefined && live.error === undefined}>
        <Content view={view} live={live} />
      </main>
    </>
  );
}

/** Says that there is more to see, and where. */
function Withheld({ value }: { value: unknown }) {
  const { server } = (value ?? {}) as { readonly server?: ServerStatus };
  if (server === undefined || server.operator || !server.withholds) return null;
  return (
    <p class="banner">
      {operatorKey() !== undefined && <strong>The key of this page is not this server's. </strong>}
      Results are withheld until the tournament is over: open the address that the server printed.
    </p>
  );
}

function Content({ view, live }: { view: View; live: Live }) {
  if (view.name === "unknown")
    return <Trouble title="There is no such view">The address {view.hash} leads nowhere.</Trouble>;
  if (live.error !== undefined) return <Refused view={view} live={live} />;
  if (live.value === undefined) return live.gone ? null : <p class="loading">Asking the server …</p>;
  switch (view.name) {
    case "home":
      return <Home overview={live.value as Overview} />;
    case "tournament":
      return <TournamentPage view={live.value as TournamentView} />;
    case "agents":
      return <AgentsPage view={live.value as AgentsView} />;
    case "trajectories":
      return <TrajectoriesPage view={live.value as TrajectoriesView} />;
    case "trajectory":
      return <TrajectoryPage key={view.id} view={live.value as TrajectoryView} />;
  }
}

function Refused({ view, live }: { view: View; live: Live }) {
  const { reason = "", error = "" } = live.error ?? {};
  if (reason.startsWith("TOKEN_") || reason === "ROLE_REFUSED") {
    return <Login why={reason === "TOKEN_MISSING" ? undefined : error} />; // the form itself says that one is missing
  }
  if (view.name === "trajectory" && reason === "TRAJECTORY_UNKNOWN") {
    return (
      <Trouble title="This trajectory is not kept any more">
        The page holds the latest few in memory. The log has all of them:{" "}
        <code>npx icrl log query "SELECT * FROM trajectories WHERE episode_id = '{view.id}'"</code>
      </Trouble>
    );
  }
  if (reason === "KEY_REFUSED") {
    return (
      <Trouble title="This trajectory is withheld">
        Its tournament is not over, or another with the same instances is not: open the address that the server printed.
      </Trouble>
    );
  }
  if (reason === "TOURNAMENT_UNKNOWN") {
    return (
      <Trouble title="This server has no such tournament">
        It may have been played on another server, or before this one started.
      </Trouble>
    );
  }
  return (
    <Trouble title="The server refused">
      {error} <span class="quiet">({reason})</span>
    </Trouble>
  );
}

function Trouble({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="trouble">
      <h1>{title}</h1>
      <p>{children}</p>
      <p>
        <a href={linkTo.home}>Back to the overview</a>
      </p>
    </section>
  );
}

function NavLink({ href, current, children }: { href: string; current: boolean; children: ComponentChildren }) {
  return (
    <a href={href} aria-current={current ? "page" : undefined}>
      {children}
    </a>
  );
}

/** A trajectory stays as it is. */
function isSettled(value: unknown): boolean {
  return typeof value === "object" && value !== null && "revealed" in value;
}

/** The view that the address names. */
function useView(): View {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const onChange = () => {
      takeKey();
      setHash(location.hash);
    };
    window.addEventListener("hashchange", onChange);
    return () => window.removeEventListener("hashchange", onChange);
  }, []);
  return viewOf(hash);
}

/** Whoever moves by keyboard or hears the page goes on at the new view's beginning. */
function useFocusAfterMoving(place: string) {
  const main = useRef<HTMLElement>(null);
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [place]);
  return main;
}

function titleOf(view: View, value: unknown): string {
  switch (view.name) {
    case "tournament": {
      if (value === undefined) return "icrl";
      const { tournament } = value as TournamentView;
      const how = tournament.state === "finished" ? "" : `${shareText(tournament)} · `;
      return `${how}${tournament.name} · icrl`;
    }
    case "agents":
      return "Agents · icrl";
    case "trajectories":
    case "trajectory":
      return "Trajectories · icrl";
    default:
      return "icrl";
  }
}
