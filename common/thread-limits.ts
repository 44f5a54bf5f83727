/**
 * Limits of a server's threads that work through large buffers, for `new Worker(..., { resourceLimits })`. What they make of JavaScript's
 * objects is soon garbage, and V8 would give each of them 48 MB for that before it looks.
 */
export const BUFFER_THREAD_LIMITS = { maxYoungGenerationSizeMb: 8 } as const;
