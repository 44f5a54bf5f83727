/** The latest of a number, as a line without axes. */
export function Sparkline({ values, length, label }: { values: readonly number[]; length: number; label: string }) {
  const top = Math.max(1, ...values);
  const x = (i: number) => (100 * (length - values.length + i)) / (length - 1);
  const points = values.map((value, i) => `${x(i).toFixed(2)},${(29 - (27 * value) / top).toFixed(2)}`);
  return (
    <svg class="sparkline" viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label={label}>
      {points.length > 1 && (
        <>
          <polygon points={`${x(0)},30 ${points.join(" ")} 100,30`} />
          <polyline points={points.join(" ")} vector-effect="non-scaling-stroke" />
        </>
      )}
    </svg>
  );
}
