/** The first bound of a wait, and the largest, in milliseconds. */
const FIRST_MS = 100;
const LARGEST_MS = 5000;

/**
 * How long to wait before an attempt, in milliseconds: anything up to a bound that doubles with each, so that clients that lost one server at
 * one moment do not come back at one moment.
 *
 * Source: "full jitter" of M. Brooker (2015), "Exponential Backoff and Jitter".
 *
 * @param attempts attempts that have failed before
 */
export const backoffMs = (attempts: number): number => Math.random() * Math.min(FIRST_MS * 2 ** attempts, LARGEST_MS);
