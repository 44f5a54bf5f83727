/**
 * The loops of kernels.ts, which says what they compute: AssemblyScript, as text. Lanes 0 and 1 are in one register, 2 and 3 in another. Each
 * loop ends at an address, and takes at least one turn.
 */
export const KERNELS_SOURCE = `
export function sums(values: usize, end: usize, counts: usize, into: usize): void {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  do {
    const value = v128.load64_splat(values);
    low = f64x2.add(low, f64x2.mul(v128.load(counts), value));
    high = f64x2.add(high, f64x2.mul(v128.load(counts, 16), value));
    counts += 32;
    values += 8;
  } while (values < end);
  v128.store(into, low);
  v128.store(into, high, 16);
}

export function products(at: usize, end: usize, counts: usize, cumulated: usize, into: usize): void {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  do {
    const here = cumulated + ((<usize>load<i32>(at)) << 3);
    low = f64x2.add(low, f64x2.mul(v128.load(counts), v128.load(here)));
    high = f64x2.add(high, f64x2.mul(v128.load(counts, 16), v128.load(here, 16)));
    counts += 32;
    at += 4;
  } while (at < end);
  v128.store(into, low);
  v128.store(into, high, 16);
}

export function cumulate(places: usize, end: usize, values: usize, counts: usize, below: usize, sums: usize): void {
  let lowCount = f64x2.splat(0);
  let highCount = f64x2.splat(0);
  let lowSum = f64x2.splat(0);
  let highSum = f64x2.splat(0);
  do {
    const here = counts + ((<usize>load<i32>(places)) << 3);
    const value = v128.load64_splat(values);
    const low = v128.load(here);
    const high = v128.load(here, 16);
    lowCount = f64x2.add(lowCount, low);
    lowSum = f64x2.add(lowSum, f64x2.mul(low, value));
    highCount = f64x2.add(highCount, high);
    highSum = f64x2.add(highSum, f64x2.mul(high, value));
    below += 32;
    sums += 32;
    v128.store(below, lowCount);
    v128.store(below, highCount, 16);
    v128.store(sums, lowSum);
    v128.store(sums, highSum, 16);
    values += 8;
    places += 4;
  } while (places < end);
}
`;
