/**
 * `npm run bench:profile`: where the time of a call goes at each end, by `perf record`, which takes samples of what
 * JavaScript and the kernel run. Writes results/profile.md, which shows what keeps the goals that are out of reach.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeDirectory } from './ours.js';
import { parsePerfReport, partsOf, type Sample } from './perf-report.js';
import { profileOneCPU, type Pairing } from './one-cpu.js';
import { callUntil, record, report, SECONDS, WARM_UP_CALLS } from './perf.js';
import { childrenOf, Side, type SideSpec } from './side.js';

const RESULT = fileURLToPath(new URL('../../bench/results/profile.md', import.meta.url));
const TOP_COUNT = 8;
/** Has V8 write down for perf where its code lies, and move none of it. */
const NODE_FLAGS = '--perf-basic-prof';

interface Profiled {
  readonly ns: number;
  readonly ends: readonly (readonly [name: string, samples: readonly Sample[]])[];
}

function samplesOf(data: string): readonly Sample[] {
  return parsePerfReport(report(data, 'overhead,dso,symbol'));
}

async function profile(spec: SideSpec, scratch: string): Promise<Profiled> {
  const side = await Side.start(spec);
  const [server] = childrenOf(side.pid);
  try {
    await side.batch(WARM_UP_CALLS);
    const data = { caller: join(scratch, 'caller.perf'), server: join(scratch, 'server.perf') };
    const recorded = Promise.all([
      record(['-p', `${side.pid}`], data.caller),
      record(['-p', `${server!}`], data.server),
    ]);
    const ns = await callUntil(side, recorded);
    await recorded;
    return {
      ns,
      ends: [
        ['caller', samplesOf(data.caller)],
        ['server', samplesOf(data.server)],
      ],
    };
  } finally {
    await side.end();
    for (const pid of [side.pid, server!]) rmSync(mapOf(pid), { force: true });
  }
}

/** Where V8 writes for perf what its code is, and leaves it. */
function mapOf(pid: number): string {
  return `/tmp/perf-${pid}.map`;
}

function describe(title: string, { ns, ends }: Profiled): string {
  const parts = ends.map(([, samples]) => partsOf(samples));
  const names = [...new Set(parts.flatMap((part) => [...part.keys()]))];
  const rows = names.map((name) => `| ${name} | ${parts.map((part) => cell(part.get(name) ?? 0, ns)).join(' | ')} |`);
  const tops = ends.map(([end, samples]) => {
    const top = [...samples].sort((a, b) => b.share - a.share).slice(0, TOP_COUNT);
    return `${end}: ${top.map(({ symbol, share }) => `\`${symbol}\` ${(share * 100).toFixed(1)} %`).join(', ')}`;
  });
  return `## ${title}

${Math.round(ns)} ns a call while it was sampled.

| | ${ends.map(([end]) => `${end}, ns`).join(' | ')} |
| --- | ${ends.map(() => '---:').join(' | ')} |
${rows.join('\n')}

${tops.join('\n\n')}
`;
}

function cell(share: number, ns: number): string {
  return `${Math.round(share * ns)} (${(share * 100).toFixed(0)} %)`;
}

process.env['NODE_OPTIONS'] = NODE_FLAGS;
const directory = makeDirectory();
const scratch = mkdtempSync(join(tmpdir(), 'lisafs-bench-'));
// With that flag V8 leaves a log of its own, which is empty, wherever it is.
process.chdir(scratch);
try {
  const calls: readonly (readonly [title: string, spec: SideSpec])[] = [
    ['A null RPC', { name: 'null', program: 'ours-ping', args: ['sync'] }],
    ['FStat', { name: 'fstat', program: 'ours-directory', args: [directory, 'fstat'] }],
    ['A read of 4 KiB', { name: 'read', program: 'ours-directory', args: [directory, 'read', '4096'] }],
  ];
  const sections: string[] = [];
  for (const [title, spec] of calls) sections.push(describe(title, await profile(spec, scratch)));
  const fstat = (program: string): SideSpec => ({ name: program, program, args: [directory, 'fstat'] });
  const pairings: readonly Pairing[] = [
    { title: 'Go on runsc', spec: fstat('go-gofer'), caller: 'client', server: 'runsc-current' },
    { title: 'ours on runsc', spec: fstat('ours-gofer'), caller: 'node', server: 'runsc-current' },
    { title: 'Go on ours', spec: fstat('go-ours'), caller: 'client', server: 'node' },
  ];
  // No symbol is wanted of these, which V8 would pay for.
  delete process.env['NODE_OPTIONS'];
  sections.push(await profileOneCPU(pairings, join(scratch, 'cpu.perf')));
  const text = `# Where the time of a call goes

Samples of both ends by \`perf record -e cpu-clock\`, ${SECONDS} s each, while one calls the other; Node
${process.versions.node}. The sampling, and V8 keeping its code where perf finds it, slow them down. Both ends are awake
all the time, so each column adds up to a call. Waiting is the loop that looks at the word: the other end is at work
meanwhile, or the word on its way from that end's cpu. Handing over is the compare-and-swap, at which a cpu also waits
until what it wrote before has left it, and what else touches the shared words.

${sections.join('\n')}`;
  writeFileSync(RESULT, text);
  console.log(text);
} finally {
  rmSync(scratch, { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
}
