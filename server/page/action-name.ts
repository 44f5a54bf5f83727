import type { TrajectoryView } from "../http/api.js";

/** An action in a word. */
export const actionName = ({ action_names }: TrajectoryView, action: number): string =>
  action_names?.[action] ?? String(action);
