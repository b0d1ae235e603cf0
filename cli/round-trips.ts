/** Times of calls on a live server: taken, sorted and summed up. */

const MICROSECONDS = 1000;

/** In microseconds. */
export interface Times {
  readonly calls: number;
  readonly min: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Times of a call that blocks. */
export function timesSync(calls: number, call: () => unknown): Times {
  const times = new Float64Array(calls);
  for (let i = 0; i < calls; i++) {
    const before = process.hrtime.bigint();
    call();
    times[i] = Number(process.hrtime.bigint() - before);
  }
  return summary(times);
}

/** Times of a call that is awaited, one after the other. */
export async function timesOf(calls: number, call: () => Promise<unknown>): Promise<Times> {
  const times = new Float64Array(calls);
  for (let i = 0; i < calls; i++) {
    const before = process.hrtime.bigint();
    await call();
    times[i] = Number(process.hrtime.bigint() - before);
  }
  return summary(times);
}

function summary(times: Float64Array): Times {
  times.sort();
  const at = (share: number): number => {
    const nanoseconds = times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
    return Math.round(nanoseconds / (MICROSECONDS / 10)) / 10;
  };
  return { calls: times.length, min: at(0), p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Names, and times in columns. */
export function timesTable(rows: readonly (readonly [name: string, times: Times])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  const columns = ['min', 'p50', 'p99', 'max'] as const;
  const line = (name: string, cells: readonly string[]): string => {
    return `${name.padEnd(width)}${cells.map((cell) => cell.padStart(11)).join('')}\n`;
  };
  const head = line('', columns);
  return (
    head +
    rows
      .map(([name, times]) =>
        line(
          name,
          columns.map((key) => `${times[key].toFixed(1)} us`),
        ),
      )
      .join('')
  );
}
