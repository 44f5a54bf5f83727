/** Keeps the roll thread of a test process: its files open hundreds of logs, one after the other, and each would start a thread. */
import { useRollThread } from "#icrl/server/trajectories/roll-thread.js";

useRollThread();
