/** What the actions of tasks do, where the task's page says so (docs/tasks.md); of others their numbers. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "dark-room": ["stay", "up", "down", "left", "right"],
  "dark-key-to-door": ["stay", "up", "down", "left", "right"],
  "river-swim": ["left", "right"],
  chain: ["left", "right"],
};

/** An action in a word. */
export function actionName(task: string, action: number): string {
  return NAMES[task]?.[action] ?? String(action);
}
