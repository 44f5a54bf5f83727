/** Whether a task's name or one of its kinds is among those that an agent declares; an agent that declares none plays any. */
export function playsTask(tasks: readonly string[], name: string, kinds: readonly string[]): boolean {
  return tasks.length === 0 || tasks.includes(name) || tasks.some((task) => kinds.includes(task));
}
