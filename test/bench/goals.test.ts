/** The goals are computed from raw samples, and nothing is met that was not measured. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EACH_SIDE, GOALS } from '../../bench/goal-list.js';
import {
  formatGoals,
  formatProvenance,
  formatRows,
  goalsOf,
  reportOf,
  RESULTS,
  rowsOf,
  type Report,
  type Verdict,
} from '../../bench/goals.js';
import { load, type RawCase } from '../../bench/results.js';
import { rawCase, rawSide } from './canned.js';

const goals = suite('goals of the bench');

function verdictOf(name: string, ...cases: RawCase[]): Verdict {
  const found = goalsOf(cases).filter((goal) => goal.name === name);
  assert.is(found.length, 1, name);
  return found[0]!;
}

goals('have names of their own', () => {
  const names = goalsOf([]).map(({ name }) => name);
  assert.is(new Set(names).size, names.length);
  assert.is(names.length, GOALS.length + 1);
});

goals('that were not measured are not met, and say what to run', () => {
  for (const goal of goalsOf([])) {
    assert.is(goal.met, false, goal.name);
    assert.is(goal.ratio, null, goal.name);
    assert.match(goal.note!, /^run npm run bench -- \S+$/);
  }
});

goals('that were kept are those of the raw samples that were kept', () => {
  const kept = JSON.parse(readFileSync(join(RESULTS, 'report.json'), 'utf8')) as Report;
  assert.equal(kept, JSON.parse(JSON.stringify(reportOf(load(join(RESULTS, 'raw'))))));
});

goals('take the median of the paired ratios, not the ratio of the medians', () => {
  const raw = rawCase('fstat', [rawSide('ours', [1, 2, 10]), rawSide('Go on runsc', [20, 20, 100])]);
  const verdict = verdictOf('FStat against Go on runsc, unpinned', raw);
  assert.equal([verdict.ratio, verdict.min, verdict.max, verdict.goal, verdict.sense], [10, 10, 20, 12, 'at least']);
  assert.is(verdict.met, false);
  const faster = rawCase('fstat', [rawSide('ours', [1, 2, 10]), rawSide('Go on runsc', [20, 24, 120])]);
  assert.is(verdictOf('FStat against Go on runsc, unpinned', faster).met, true);
});

goals('of being no slower divide the other way round', () => {
  const raw = rawCase('fstat', [rawSide('ours pinned', [11, 12]), rawSide('Go on runsc pinned', [10, 10])]);
  const verdict = verdictOf('FStat, both ends on one cpu, to Go pinned', raw);
  assert.equal([Math.round(verdict.ratio! * 100), verdict.sense, verdict.met], [115, 'at most', true]);
});

goals('against C are met by the ratio or by the time', () => {
  const name = 'null RPC to C (or under 0.5 us)';
  const met = (ours: number, floor: number): boolean =>
    verdictOf(name, rawCase('null', [rawSide('ours', [ours]), rawSide('C', [floor])])).met;
  assert.is(met(800, 100), true);
  assert.is(met(801, 100), false);
  assert.is(met(499, 10), true);
  assert.is(met(500, 10), false);
});

goals('of codecs are held against the fastest peer that was measured', () => {
  const sides = [rawSide('ours', [10, 10]), rawSide('json', [900, 900]), rawSide('avsc', [60, 30])];
  const verdict = verdictOf('codec, Statx, against the fastest', rawCase('codec-statx', sides));
  assert.equal([verdict.ratio, verdict.note], [4.5, 'the fastest is avsc']);
});

goals('know sides by their whole names', () => {
  const raw = rawCase('null', [rawSide('ours async', [1]), rawSide('net', [100])]);
  assert.is(verdictOf('null RPC against net', raw).ratio, null);
});

goals('say what the same takes in C, where that was measured', () => {
  const name = 'FStat against Go on runsc, unpinned';
  const measured = [rawSide('ours', [10, 10]), rawSide('Go on runsc', [20, 30])];
  assert.is(verdictOf(name, rawCase('fstat', measured)).note, undefined);
  const floor = rawSide('C, fstat(2)', [4, 5]);
  assert.is(verdictOf(name, rawCase('fstat', [...measured, floor])).note, '5.50 by C, fstat(2)');
  const net = [rawSide('ours', [1]), rawSide('net', [90]), rawSide('C', [2]), rawSide('C, 50 ns of work', [3])];
  const { note } = verdictOf('null RPC against net', rawCase('null', net));
  assert.is(note, '45.0 by C; 30.0 by C, 50 ns of work');
});

goals('of several callers say what they make where nobody is moved, and in C', () => {
  const name = '4 callers: their total to one caller alone';
  const measured = [rawSide('1 caller', [100, 100]), rawSide('4 callers', [95, 95])];
  assert.is(verdictOf(name, rawCase('callers', measured)).note, undefined);
  const inPlace = [rawSide('1 caller, in its place', [100, 110]), rawSide('4 callers, in their place', [100, 100])];
  const inC = [rawSide('C, 1 caller, in its place', [300]), rawSide('C, 4 callers, in their place', [300])];
  const { ratio, note } = verdictOf(name, rawCase('callers', [...measured, ...inPlace, ...inC]));
  assert.equal([ratio, note], [100 / 95, '1.05 in their places; 1.00 there by C']);
});

goals('say why a side is missing', () => {
  const missing = [{ side: 'C', why: 'there is no gcc; install gcc' }];
  const raw = rawCase('null', [rawSide('ours', [1])], { missing });
  const verdict = verdictOf('null RPC to C (or under 0.5 us)', raw);
  assert.equal([verdict.met, verdict.note], [false, 'C: there is no gcc; install gcc']);
});

goals('of bytes are not met without a count', () => {
  const name = 'codec, Statx, bytes allocated a call';
  const bytes = (side: object): Verdict => verdictOf(name, rawCase('codec-statx', [rawSide('ours', [1], side)]));
  assert.equal([bytes({ bytesPerCall: 0.01 }).met, bytes({ bytesPerCall: 0.01 }).ratio], [true, 0.01]);
  assert.is(bytes({ bytesPerCall: 1 }).met, false);
  assert.is(bytes({}).met, false);
});

goals('of async compare the medians of single calls, round by round', () => {
  const sides = [
    rawSide('ours', [0, 0], { latencies: [1000, 1000, 9999, 3000, 3000, 9999] }),
    rawSide('ours async', [0, 0], { latencies: [2000, 2000, 9999, 8000, 8000, 9999] }),
  ];
  const verdict = verdictOf('async less sync, busy peer', rawCase('async-busy', sides));
  assert.equal([verdict.ratio, verdict.min, verdict.max, verdict.met], [3, 1, 5, true]);
});

goals('of an idle connection are one for each strategy', () => {
  const raw = rawCase('idle', [rawSide('balanced', [0.4]), rawSide('lowest latency', [0.6]), rawSide('net', [0.2])], {
    unit: 'percent',
  });
  const found = goalsOf([raw]).filter(({ name }) => name.startsWith(EACH_SIDE.name));
  assert.equal(
    found.map(({ name, met }) => [name, met]),
    [
      ['idle connection, balanced', true],
      ['idle connection, lowest latency', false],
    ],
  );
});

goals('are met by no smoke test', () => {
  const sides = [rawSide('ours', [1]), rawSide('net', [1000])];
  assert.is(verdictOf('null RPC against net', rawCase('null', sides)).met, true);
  assert.is(verdictOf('null RPC against net', rawCase('null', sides, { quick: true })).met, false);
});

goals('say of a busy machine that it was', () => {
  const raw = rawCase('null', [rawSide('ours', [1]), rawSide('net', [100])], { busyPercent: 60 });
  const { met, note } = verdictOf('null RPC against net', raw);
  assert.equal([met, note], [true, 'others used 60 % of the cpus']);
  assert.is(verdictOf('null RPC against net', { ...raw, busyPercent: 5 }).note, undefined);
});

goals('come with rows of least, median and greatest', () => {
  const raw = rawCase('null', [rawSide('ours', [3, 1, 2, 10], { bytesPerCall: 5 }), rawSide('C', [7])]);
  assert.equal(rowsOf([raw]), [
    { case: 'null', side: 'ours', unit: 'ns', min: 1, median: 2.5, max: 10, bytesPerCall: 5 },
    { case: 'null', side: 'C', unit: 'ns', min: 7, median: 7, max: 7, bytesPerCall: null },
  ]);
  const report = JSON.parse(JSON.stringify(reportOf([raw]))) as object;
  assert.equal(Object.keys(report), ['rows', 'goals']);
});

goals('are printed with what they were measured on', () => {
  const raw = rawCase('null', [rawSide('ours', [1]), rawSide('net', [100])], { busyPercent: 40 });
  const text = `${formatProvenance([raw])}\n${formatRows(rowsOf([raw]))}\n${formatGoals(goalsOf([raw]))}`;
  for (const part of ['v20.0.0', 'Linux 6.1.0', 'grpc-js 1.0.0', 'NODE_ENV=production', 'null (40 %)'])
    assert.ok(text.includes(part), part);
  assert.match(
    text,
    /^met +null RPC against net +100 +100 \.\. 100 +at least 30 times +others used 40 % of the cpus$/m,
  );
});

goals.run();
