/** Emphasis on a terminal, and nothing elsewhere. */
export interface Paint {
  bold(text: string): string;
  faint(text: string): string;
}

/** Leaves every text as it is. */
export const plain: Paint = { bold: (text) => text, faint: (text) => text };

const coloured: Paint = { bold: (text) => `\x1b[1m${text}\x1b[22m`, faint: (text) => `\x1b[2m${text}\x1b[22m` };

/** Emphasis for a stream: where it is a terminal, unless NO_COLOR is set (https://no-color.org). */
export function paintFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  return stream.isTTY === true && !env.NO_COLOR ? coloured : plain;
}
