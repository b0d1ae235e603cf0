/** Sums, medians and percentiles: all the statistics that there are here. */

export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

export function medianOf(values: readonly number[]): number {
  return percentileOf(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

/** Of values in ascending order; between two of them in proportion. */
export function percentileOf(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return below + (above - below) * (at - Math.floor(at));
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { min: Math.min(...values), median: medianOf(values), max: Math.max(...values) };
}

/** Both measured in the same rounds: `f` of each pair. */
export function paired(a: readonly number[], b: readonly number[], f: (a: number, b: number) => number): number[] {
  return a.slice(0, b.length).map((value, i) => f(value, b[i]!));
}
