/** Bars on a logarithmic scale, each with the spread of its rounds. */

import type { Spread } from '../statistics.js';
import { element, picture, text, type Tone } from './element.js';
import { decadesAround, formatTime, logScale, type Scale } from './scale.js';

export interface Bar {
  readonly label: string;
  /** Below the label, in small. */
  readonly detail: string;
  readonly tone: Tone;
  /** In nanoseconds. */
  readonly spread: Spread;
}

export interface BarChart {
  readonly title: string;
  readonly subtitle: string;
  readonly bars: readonly Bar[];
  /** What was measured on, and when. */
  readonly footer: readonly string[];
}

const WIDTH = 760;
const TOP = 88;
const ROW = 42;
const BAR = 20;
const LEFT = 190;
const RIGHT = 110;

function grid(scale: Scale, bottom: number): string[] {
  return scale.ticks.flatMap((tick) => [
    element('line', { class: 'grid', x1: scale.at(tick), x2: scale.at(tick), y1: TOP - 10, y2: bottom }),
    text(scale.at(tick), TOP - 18, formatTime(tick), { class: 'quiet', 'text-anchor': 'middle' }),
  ]);
}

function row(bar: Bar, i: number, scale: Scale): string {
  const y = TOP + i * ROW;
  const middle = y + BAR / 2 + 2;
  const { min, median, max } = bar.spread;
  const end = scale.at(median);
  return element(
    'g',
    { class: bar.tone },
    [
      text(LEFT - 14, y + 12, bar.label, { class: 'strong', 'text-anchor': 'end' }),
      text(LEFT - 14, y + 27, bar.detail, { class: 'quiet', 'text-anchor': 'end' }),
      element('rect', {
        class: bar.tone === 'floor' ? 'fill faint' : 'fill',
        x: LEFT,
        y: y + 2,
        width: Math.max(end - LEFT, 1),
        height: BAR,
        rx: 3,
      }),
      element('line', { class: 'whisker', x1: scale.at(min), x2: scale.at(max), y1: middle, y2: middle }),
      ...[min, max].map((value) =>
        element('line', { class: 'whisker', x1: scale.at(value), x2: scale.at(value), y1: middle - 4, y2: middle + 4 }),
      ),
      text(scale.at(max) + 9, middle + 4, formatTime(median), { class: 'strong value' }),
    ].join(''),
  );
}

export function barChart({ title, subtitle, bars, footer }: BarChart): string {
  const bottom = TOP + bars.length * ROW;
  const height = bottom + 18 + footer.length * 17;
  const [from, to] = decadesAround(bars.flatMap(({ spread }) => [spread.min, spread.max]));
  const scale = logScale(from, to, LEFT, WIDTH - RIGHT);
  const said = bars.map(({ label, spread }) => `${label} ${formatTime(spread.median)}`).join(', ');
  return picture(WIDTH, height, `${title}: ${said}`, [
    text(16, 28, title, { class: 'title' }),
    text(16, 48, subtitle, { class: 'quiet' }),
    ...grid(scale, bottom - 8),
    ...bars.map((bar, i) => row(bar, i, scale)),
    ...footer.map((line, i) => text(16, bottom + 16 + i * 17, line, { class: 'quiet' })),
  ]);
}
