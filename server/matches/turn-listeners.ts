/** Listeners that hear of changes once per turn of the event loop, after whoever changed something is done. */
export interface TurnListeners {
  /** Something has changed. */
  changed(): void;
  /** Calls a listener after every change; returns how to stop that. */
  onChange(listener: () => void): () => void;
}

/** None yet. @param first called before them */
export function turnListeners(first: () => void): TurnListeners {
  const listeners = new Set<() => void>();
  let notifying = false;
  return {
    changed() {
      if (notifying) return;
      notifying = true;
      setImmediate(() => {
        notifying = false;
        first();
        for (const listener of [...listeners]) listener();
      });
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
