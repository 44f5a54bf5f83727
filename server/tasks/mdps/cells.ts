/** Options that say in which cells of a grid something can be hidden. */
import { IcrlError } from "../../../common/errors.js";
import { type TextOption, text } from "../../../common/options.js";

/** An option for them. `what` is hidden there, "the goal" for example. */
export const cellsOption = (what: string): TextOption =>
  text({
    default: "all",
    help: `cells where ${what} can be: all, or numbers and ranges, 0-63,70; others are held out`,
  });

/**
 * The cells that a value of such an option names, in ascending order.
 *
 * @param option its name
 * @param cells how many there are
 * @throws OPTION_INVALID
 */
export function cellsOf(option: string, value: string, cells: number): Int32Array {
  if (value === "all") return Int32Array.from({ length: cells }, (_, cell) => cell);
  const named = new Uint8Array(cells);
  for (const part of value.split(",")) {
    const [, from, to = from] = /^\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?$/.exec(part) ?? [];
    if (from === undefined || Number(from) > Number(to) || Number(to) >= cells) {
      const shown = value.length > 60 ? `${value.slice(0, 60)}...` : value;
      const message = `${option} is "${shown}": give all, or cells from 0 to ${cells - 1} as numbers and ranges, 0-5,8 for example`;
      throw new IcrlError("OPTION_INVALID", message, { option });
    }
    named.fill(1, Number(from), Number(to) + 1);
  }
  return Int32Array.from(named.keys()).filter((cell) => named[cell] === 1);
}
