/** What was done and paid in a trial, as a number that both ends can work out. */

const bits = new DataView(new ArrayBuffer(4));

/** The digest of no step. */
export const NO_STEPS = 0x811c9dc5 | 0;

/** The digest after one more step. FNV-1a over the action and the reward's 32 bits. */
export function digestStep(digest: number, action: number, reward: number): number {
  bits.setFloat32(0, reward);
  return Math.imul(Math.imul(digest ^ action, 0x01000193) ^ bits.getUint32(0), 0x01000193);
}
