/** A number for each place where outputs are dropped: of a seed, a sequence of a batch and a site in the model. 32 bits. */
export function dropKey(seed: number, sequence: number, site: number): number {
  return mix(mix(mix(seed) + sequence) + site);
}

/** Wellons' lowbias32. */
function mix(x: number): number {
  let h = x + 0x9e3779b9;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) | 0;
}
