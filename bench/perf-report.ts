/** What `perf report -F overhead,dso,symbol -t '|'` prints, and to which part of a call it belongs. */

/** Where a part of the time was spent: `share` of 1. */
export interface Sample {
  readonly share: number;
  readonly dso: string;
  readonly symbol: string;
}

const LINE = /^\s*([\d.]+)%\s*\|([^|]*)\|\s*\[[.kgHu]\]\s*(.*)$/u;

export function parsePerfReport(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, percent, dso, symbol] = LINE.exec(line) ?? [];
    if (percent === undefined) return [];
    return [{ share: Number(percent) / 100, dso: dso!.trim(), symbol: nameOf(symbol!.trim()) }];
  });
}

/** One of a whole cpu's, with the name of the thread that ran: `node`. */
export interface CPUSample extends Omit<Sample, 'symbol'> {
  readonly command: string;
}

const CPU_LINE = /^\s*([\d.]+)%\s*\|\s*\d+:([^|]*)\|([^|]*)\|/u;

/** As parsePerfReport, with the fields `overhead,pid,dso,symbol`; without the symbols. */
export function parseCPUReport(text: string): CPUSample[] {
  return text.split('\n').flatMap((line) => {
    const [, percent, command, dso] = CPU_LINE.exec(line) ?? [];
    if (percent === undefined) return [];
    return [{ share: Number(percent) / 100, command: command!.trim(), dso: dso!.trim() }];
  });
}

/** A function of JavaScript's without its place: `JS:*slice file:///…/attention.js:51:15` gives `slice`. */
function nameOf(symbol: string): string {
  const [, name] = /^JS:[*^~+']?((?:get |set )?\S*)/u.exec(symbol) ?? [];
  return name ?? symbol;
}

/** Where those who wait look: V8 compiles what is done for a look into one of these or the other. */
const LOOKING = new Set([
  'get seemsToLast',
  'get seemsPeersTurn',
  'peek',
  'relax',
  'relaxFor',
  'putOff',
  'receiveSync',
  'slice',
  'startSlice',
  'serveBlocking',
]);

type Part = 'waiting' | 'handing over' | 'kernel' | 'C library, N-API and koffi' | 'JavaScript' | 'other';

function partOf({ dso, symbol }: Sample): Part {
  if (LOOKING.has(symbol)) return 'waiting';
  if (symbol.startsWith('Builtins_Atomics')) return 'handing over';
  if (/kernel|vdso/u.test(dso)) return 'kernel';
  if (/^libc|koffi/u.test(dso) || /^(?:napi_|v8impl|v8::(?!internal))/u.test(symbol))
    return 'C library, N-API and koffi';
  if (/JIT|perf-\d+\.map/u.test(dso) || symbol.startsWith('Builtins_')) return 'JavaScript';
  return 'other';
}

/** The share of each part. */
export function partsOf(samples: readonly Sample[]): ReadonlyMap<Part, number> {
  const parts = new Map<Part, number>([
    ['waiting', 0],
    ['handing over', 0],
    ['JavaScript', 0],
    ['C library, N-API and koffi', 0],
    ['kernel', 0],
    ['other', 0],
  ]);
  for (const sample of samples) {
    const part = partOf(sample);
    parts.set(part, parts.get(part)! + sample.share);
  }
  return parts;
}
