// biome-ignore-all format: one round a line
/**
 * Threefry-2x32 with 20 rounds: a counter-based random function. A key and a counter give two 32-bit words; nothing is
 * stored between draws, so a draw can be repeated, skipped or made elsewhere.
 *
 * Source: Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3"; rotation constants and key
 * schedule of Random123. The same function as JAX's default generator.
 */

const PARITY = 0x1bd11bda;

/**
 * Encrypts one counter.
 *
 * Shapes: out [2], both words as signed 32-bit integers (`>>> 0` gives the unsigned value).
 */
export function threefry2x32(key0: number, key1: number, counter0: number, counter1: number, out: Int32Array): void {
  const key2 = PARITY ^ key0 ^ key1;
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + key1) | 0; x1 = (x1 + key2 + 1) | 0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + key2) | 0; x1 = (x1 + key0 + 2) | 0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  x0 = (x0 + key0) | 0; x1 = (x1 + key1 + 3) | 0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0;
  x0 = (x0 + key1) | 0; x1 = (x1 + key2 + 4) | 0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0;
  x0 = (x0 + x1) | 0; x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0;
  out[0] = x0 + key2;
  out[1] = x1 + key0 + 5;
}

/**
 * Encrypts four counters that follow each other: (counter0 + i, counter1) for i = 0 to 3. One round waits for the one before, so
 * four side by side take half the time of four in a row.
 *
 * Shapes: out [8], the two words of each, as `threefry2x32` gives them.
 */
export function threefry2x32x4(key0: number, key1: number, counter0: number, counter1: number, out: Int32Array): void {
  const key2 = PARITY ^ key0 ^ key1;
  let a0 = (counter0 + key0) | 0; let b0 = (counter1 + key1) | 0;
  let a1 = (a0 + 1) | 0; let b1 = b0;
  let a2 = (a0 + 2) | 0; let b2 = b0;
  let a3 = (a0 + 3) | 0; let b3 = b0;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 13) | (b0 >>> 19)) ^ a0; b1 = ((b1 << 13) | (b1 >>> 19)) ^ a1; b2 = ((b2 << 13) | (b2 >>> 19)) ^ a2; b3 = ((b3 << 13) | (b3 >>> 19)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 15) | (b0 >>> 17)) ^ a0; b1 = ((b1 << 15) | (b1 >>> 17)) ^ a1; b2 = ((b2 << 15) | (b2 >>> 17)) ^ a2; b3 = ((b3 << 15) | (b3 >>> 17)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 26) | (b0 >>> 6)) ^ a0; b1 = ((b1 << 26) | (b1 >>> 6)) ^ a1; b2 = ((b2 << 26) | (b2 >>> 6)) ^ a2; b3 = ((b3 << 26) | (b3 >>> 6)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 6) | (b0 >>> 26)) ^ a0; b1 = ((b1 << 6) | (b1 >>> 26)) ^ a1; b2 = ((b2 << 6) | (b2 >>> 26)) ^ a2; b3 = ((b3 << 6) | (b3 >>> 26)) ^ a3;
  a0 = (a0 + key1) | 0; b0 = (b0 + key2 + 1) | 0; a1 = (a1 + key1) | 0; b1 = (b1 + key2 + 1) | 0; a2 = (a2 + key1) | 0; b2 = (b2 + key2 + 1) | 0; a3 = (a3 + key1) | 0; b3 = (b3 + key2 + 1) | 0;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 17) | (b0 >>> 15)) ^ a0; b1 = ((b1 << 17) | (b1 >>> 15)) ^ a1; b2 = ((b2 << 17) | (b2 >>> 15)) ^ a2; b3 = ((b3 << 17) | (b3 >>> 15)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 29) | (b0 >>> 3)) ^ a0; b1 = ((b1 << 29) | (b1 >>> 3)) ^ a1; b2 = ((b2 << 29) | (b2 >>> 3)) ^ a2; b3 = ((b3 << 29) | (b3 >>> 3)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 16) | (b0 >>> 16)) ^ a0; b1 = ((b1 << 16) | (b1 >>> 16)) ^ a1; b2 = ((b2 << 16) | (b2 >>> 16)) ^ a2; b3 = ((b3 << 16) | (b3 >>> 16)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 24) | (b0 >>> 8)) ^ a0; b1 = ((b1 << 24) | (b1 >>> 8)) ^ a1; b2 = ((b2 << 24) | (b2 >>> 8)) ^ a2; b3 = ((b3 << 24) | (b3 >>> 8)) ^ a3;
  a0 = (a0 + key2) | 0; b0 = (b0 + key0 + 2) | 0; a1 = (a1 + key2) | 0; b1 = (b1 + key0 + 2) | 0; a2 = (a2 + key2) | 0; b2 = (b2 + key0 + 2) | 0; a3 = (a3 + key2) | 0; b3 = (b3 + key0 + 2) | 0;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 13) | (b0 >>> 19)) ^ a0; b1 = ((b1 << 13) | (b1 >>> 19)) ^ a1; b2 = ((b2 << 13) | (b2 >>> 19)) ^ a2; b3 = ((b3 << 13) | (b3 >>> 19)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 15) | (b0 >>> 17)) ^ a0; b1 = ((b1 << 15) | (b1 >>> 17)) ^ a1; b2 = ((b2 << 15) | (b2 >>> 17)) ^ a2; b3 = ((b3 << 15) | (b3 >>> 17)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 26) | (b0 >>> 6)) ^ a0; b1 = ((b1 << 26) | (b1 >>> 6)) ^ a1; b2 = ((b2 << 26) | (b2 >>> 6)) ^ a2; b3 = ((b3 << 26) | (b3 >>> 6)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 6) | (b0 >>> 26)) ^ a0; b1 = ((b1 << 6) | (b1 >>> 26)) ^ a1; b2 = ((b2 << 6) | (b2 >>> 26)) ^ a2; b3 = ((b3 << 6) | (b3 >>> 26)) ^ a3;
  a0 = (a0 + key0) | 0; b0 = (b0 + key1 + 3) | 0; a1 = (a1 + key0) | 0; b1 = (b1 + key1 + 3) | 0; a2 = (a2 + key0) | 0; b2 = (b2 + key1 + 3) | 0; a3 = (a3 + key0) | 0; b3 = (b3 + key1 + 3) | 0;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 17) | (b0 >>> 15)) ^ a0; b1 = ((b1 << 17) | (b1 >>> 15)) ^ a1; b2 = ((b2 << 17) | (b2 >>> 15)) ^ a2; b3 = ((b3 << 17) | (b3 >>> 15)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 29) | (b0 >>> 3)) ^ a0; b1 = ((b1 << 29) | (b1 >>> 3)) ^ a1; b2 = ((b2 << 29) | (b2 >>> 3)) ^ a2; b3 = ((b3 << 29) | (b3 >>> 3)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 16) | (b0 >>> 16)) ^ a0; b1 = ((b1 << 16) | (b1 >>> 16)) ^ a1; b2 = ((b2 << 16) | (b2 >>> 16)) ^ a2; b3 = ((b3 << 16) | (b3 >>> 16)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 24) | (b0 >>> 8)) ^ a0; b1 = ((b1 << 24) | (b1 >>> 8)) ^ a1; b2 = ((b2 << 24) | (b2 >>> 8)) ^ a2; b3 = ((b3 << 24) | (b3 >>> 8)) ^ a3;
  a0 = (a0 + key1) | 0; b0 = (b0 + key2 + 4) | 0; a1 = (a1 + key1) | 0; b1 = (b1 + key2 + 4) | 0; a2 = (a2 + key1) | 0; b2 = (b2 + key2 + 4) | 0; a3 = (a3 + key1) | 0; b3 = (b3 + key2 + 4) | 0;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 13) | (b0 >>> 19)) ^ a0; b1 = ((b1 << 13) | (b1 >>> 19)) ^ a1; b2 = ((b2 << 13) | (b2 >>> 19)) ^ a2; b3 = ((b3 << 13) | (b3 >>> 19)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 15) | (b0 >>> 17)) ^ a0; b1 = ((b1 << 15) | (b1 >>> 17)) ^ a1; b2 = ((b2 << 15) | (b2 >>> 17)) ^ a2; b3 = ((b3 << 15) | (b3 >>> 17)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 26) | (b0 >>> 6)) ^ a0; b1 = ((b1 << 26) | (b1 >>> 6)) ^ a1; b2 = ((b2 << 26) | (b2 >>> 6)) ^ a2; b3 = ((b3 << 26) | (b3 >>> 6)) ^ a3;
  a0 = (a0 + b0) | 0; a1 = (a1 + b1) | 0; a2 = (a2 + b2) | 0; a3 = (a3 + b3) | 0;
  b0 = ((b0 << 6) | (b0 >>> 26)) ^ a0; b1 = ((b1 << 6) | (b1 >>> 26)) ^ a1; b2 = ((b2 << 6) | (b2 >>> 26)) ^ a2; b3 = ((b3 << 6) | (b3 >>> 26)) ^ a3;
  out[0] = a0 + key2; out[1] = b0 + key0 + 5;
  out[2] = a1 + key2; out[3] = b1 + key0 + 5;
  out[4] = a2 + key2; out[5] = b2 + key0 + 5;
  out[6] = a3 + key2; out[7] = b3 + key0 + 5;
}
