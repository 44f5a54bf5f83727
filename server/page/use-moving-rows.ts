import { useLayoutEffect, useRef } from "preact/hooks";

const MOVE_MS = 450;

/** Lets the rows of a table body glide to their new places when their order changes, unless the reader wants no motion. */
export function useMovingRows(order: string) {
  const body = useRef<HTMLTableSectionElement>(null);
  const before = useRef({ order, tops: new Map<string, number>() });
  useLayoutEffect(() => {
    const rows = [...(body.current?.rows ?? [])];
    const tops = new Map(rows.map((row) => [row.dataset["key"] ?? "", row.offsetTop]));
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (before.current.order !== order && !still) {
      for (const row of rows) {
        const key = row.dataset["key"] ?? "";
        const moved = (before.current.tops.get(key) ?? row.offsetTop) - row.offsetTop;
        if (moved === 0) continue;
        row.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], {
          duration: MOVE_MS,
          easing: "ease-out",
        });
      }
    }
    before.current = { order, tops };
  });
  return body;
}
