/** Listeners that hear of changes once per turn of the event loop, after whoever changed something is done. */
export interface TurnListeners {
  /** Something has changed. */
  changed(): void;
  /** Calls a listener after every change; returns how to stop that. */
  onChange(listener: Listener): () => void;
}

/** Hears of a change. What it throws, or rejects with, is nobody else's trouble. */
export type Listener = () => void | Promise<void>;

/**
 * None yet.
 *
 * @param first called before them
 * @param failed told what it, or a listener, throws
 */
export function turnListeners(first: () => void, failed: (error: unknown) => void): TurnListeners {
  const listeners = new Set<Listener>();
  let notifying = false;
  return {
    changed() {
      if (notifying) return;
      notifying = true;
      setImmediate(() => {
        notifying = false;
        notifyAll([first, ...listeners], failed);
      });
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Calls all of them, whatever some of them throw. */
export function notifyAll(listeners: Iterable<Listener>, failed: (error: unknown) => void): void {
  for (const listener of [...listeners]) {
    try {
      listener()?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
