/** The charts: well-formed, the same for the same data, and true to it. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { drawCharts, drawDistributions, drawRoundTrips, drawSizes } from '../../bench/charts.js';
import { element, text } from '../../bench/svg/element.js';
import { decadesAround, formatBytes, formatTime, logScale } from '../../bench/svg/scale.js';
import { rawCase, rawSide } from './canned.js';

const charts = suite('charts of the bench');

const latencies = Array.from({ length: 2000 }, (_, i) => 100 + i);
const nullCall = rawCase('null', [
  rawSide('ours', [150, 160, 170], { latencies }),
  rawSide('C', [90, 100, 110], { latencies }),
  rawSide('net', [20_000, 21_000, 22_000], { latencies: latencies.map((ns) => ns * 100) }),
]);
const reads = [1024, 4, 64].map((kib) =>
  rawCase(`read-${kib}KiB`, [rawSide('ours', [kib * 10]), rawSide('Go on runsc', [kib * 20])]),
);

/** Throws unless every tag is closed in its order and every text is escaped. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, end, name, selfClosed] of svg.matchAll(
    /<(\/?)([a-z]+)(?:\s[a-zA-Z-]+="[^"<>&]*(?:&[a-z]+;[^"<>&]*)*")*\s*(\/?)>/g,
  )) {
    if (end === '/') assert.is(open.pop(), name);
    else if (selfClosed !== '/') open.push(name!);
  }
  assert.equal(open, []);
  const content = svg.replaceAll(/<style>[^<]*<\/style>/g, '').replaceAll(/<[^<>]*>/g, '');
  assert.not.match(content, /[<>]|&(?!amp;|lt;|gt;|quot;)/);
}

for (const [name, draw] of [
  ['round trips', () => drawRoundTrips(nullCall)],
  ['distributions', () => drawDistributions(nullCall)],
  ['sizes', () => drawSizes(reads)],
] as const) {
  charts(`of ${name} are well-formed, the same each time, and say what was measured on`, () => {
    const svg = draw();
    assertWellFormed(svg);
    assert.is(draw(), svg);
    assert.not.match(svg, /NaN|Infinity|undefined/);
    assert.match(svg, 'Some &lt;cpu&gt; &amp; co, Linux 6.1.0, Node v20.0.0; 2026-01-02');
    assert.match(svg, 'prefers-color-scheme: dark');
  });
}

charts('of round trips have the slowest first and C last, each with its median', () => {
  const svg = drawRoundTrips(nullCall);
  const order = ['Unix socket', 'lisafs', 'C'].map((label) => svg.indexOf(`>${label}</text>`));
  assert.equal(
    order,
    order.toSorted((a, b) => a - b),
  );
  for (const median of ['21 µs', '160 ns', '100 ns']) assert.ok(svg.includes(`>${median}</text>`), median);
});

charts('of sizes have the sizes in order', () => {
  const svg = drawSizes(reads);
  const at = (label: string): number => Number(new RegExp(`x="([\\d.]+)"[^>]*>${label}<`).exec(svg)![1]);
  assert.ok(at('4 KiB') < at('64 KiB') && at('64 KiB') < at('1 MiB'));
});

charts('say of a smoke test and of a busy machine that they are', () => {
  assert.match(drawRoundTrips({ ...nullCall, quick: true }), 'A SMOKE TEST, NO MEASUREMENT');
  assert.match(drawRoundTrips({ ...nullCall, busyPercent: 50 }), 'Others used 50 % of the cpus');
  assert.not.match(drawRoundTrips(nullCall), /SMOKE|Others used/);
});

charts('are drawn of what was kept, and of nothing else', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lisafs-charts-'));
  try {
    drawCharts([], directory);
    assert.equal(readdirSync(directory), []);
    drawCharts([nullCall, ...reads], directory);
    assert.equal(readdirSync(directory).sort(), ['distributions.svg', 'read-sizes.svg', 'round-trips.svg']);
    assert.is(readFileSync(join(directory, 'round-trips.svg'), 'utf8'), drawRoundTrips(nullCall));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

charts('escape what they are given', () => {
  assert.is(text(1, 2.006, 'a<b>&"c"'), '<text x="1" y="2.01">a&lt;b&gt;&amp;&quot;c&quot;</text>');
  assert.is(element('g', { class: 'a"b' }), '<g class="a&quot;b"/>');
});

charts('have logarithmic axes', () => {
  const scale = logScale(100, 1_000_000, 0, 400);
  assert.equal([100, 1000, 1_000_000, 1, 1e9].map(scale.at), [0, 100, 400, 0, 400]);
  assert.equal(scale.ticks, [100, 1000, 10_000, 100_000, 1_000_000]);
  assert.equal(decadesAround([150, 9000]), [100, 10_000]);
  assert.equal(decadesAround([100, 100]), [100, 1000]);
});

charts('give times and sizes in units that fit', () => {
  assert.equal([150.4, 999.6, 4210, 99_600, 1_340_000].map(formatTime), [
    '150 ns',
    '1 µs',
    '4.2 µs',
    '100 µs',
    '1.3 ms',
  ]);
  assert.equal([1024, 65_536, 1_048_576].map(formatBytes), ['1 KiB', '64 KiB', '1 MiB']);
});

charts.run();
