/** Which view an address shows: everything after its #, so that links, bookmarks and the back button work. */

/** A view. */
export type View =
  | { readonly name: "home" }
  | { readonly name: "tournament"; readonly id: string; readonly task: string | undefined }
  | { readonly name: "agents" }
  | { readonly name: "trajectories" }
  | { readonly name: "trajectory"; readonly id: string }
  | { readonly name: "unknown"; readonly hash: string };

/** The view of an address's hash. */
export function viewOf(hash: string): View {
  const [first = "", second, third, ...more] = hash
    .replace(/^#?\/?/, "")
    .split("/")
    .map(decoded);
  if (more.length > 0) return { name: "unknown", hash };
  if (first === "" && second === undefined) return { name: "home" };
  if (first === "agents" && second === undefined) return { name: "agents" };
  if (first === "trajectories" && second === undefined) return { name: "trajectories" };
  if (first === "trajectories" && second && third === undefined) return { name: "trajectory", id: second };
  if (first === "tournaments" && second) return { name: "tournament", id: second, task: third };
  return { name: "unknown", hash };
}

/** Addresses of views. */
export const linkTo = {
  home: "#/",
  agents: "#/agents",
  trajectories: "#/trajectories",
  tournament: (id: string, task?: string) =>
    `#/tournaments/${encodeURIComponent(id)}${task === undefined ? "" : `/${encodeURIComponent(task)}`}`,
  trajectory: (id: string) => `#/trajectories/${encodeURIComponent(id)}`,
};

/** What the server is asked for a view; undefined when nothing. */
export function requestOf(view: View): string | undefined {
  switch (view.name) {
    case "home":
      return "/api/overview";
    case "tournament": {
      const task = view.task === undefined ? "" : `?task=${encodeURIComponent(view.task)}`;
      return `/api/tournaments/${encodeURIComponent(view.id)}${task}`;
    }
    case "agents":
      return "/api/agents";
    case "trajectories":
      return "/api/trajectories";
    case "trajectory":
      return `/api/trajectories/${encodeURIComponent(view.id)}`;
    case "unknown":
      return undefined;
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
