/** A logarithmic axis. */

export interface Scale {
  readonly from: number;
  readonly to: number;
  /** Where a value lies; values beyond the ends are put at them. */
  at(value: number): number;
  /** The powers of ten within. */
  readonly ticks: readonly number[];
}

/** From value `from` at position `start` to value `to` at position `end`. */
export function logScale(from: number, to: number, start: number, end: number): Scale {
  const [low, high] = [Math.log10(from), Math.log10(to)];
  const ticks: number[] = [];
  for (let power = Math.ceil(low - 1e-9); power <= high + 1e-9; power++) ticks.push(10 ** power);
  return {
    from,
    to,
    ticks,
    at: (value) => start + ((Math.log10(Math.min(Math.max(value, from), to)) - low) / (high - low)) * (end - start),
  };
}

/** The powers of ten around some values. */
export function decadesAround(values: readonly number[]): [number, number] {
  const low = 10 ** Math.floor(Math.log10(Math.min(...values)));
  return [low, Math.max(10 ** Math.ceil(Math.log10(Math.max(...values))), low * 10)];
}

/** A time in the unit that fits it: `150 ns`, `4.2 µs`, `1.3 ms`. */
export function formatTime(ns: number): string {
  const [value, unit] = ns < 999.5 ? [ns, 'ns'] : ns < 999_500 ? [ns / 1e3, 'µs'] : [ns / 1e6, 'ms'];
  return `${value >= 99.5 || Number.isInteger(value) ? Math.round(value) : Number(value.toPrecision(2))} ${unit}`;
}

/** A size in bytes: `4 KiB`, `1 MiB`. */
export function formatBytes(bytes: number): string {
  return bytes >= 1 << 20 ? `${bytes / (1 << 20)} MiB` : `${bytes / 1024} KiB`;
}
