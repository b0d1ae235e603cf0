/** Lines over two logarithmic axes, each named at its end. */

import { element, picture, round, text, type Tone } from './element.js';
import { decadesAround, formatTime, logScale, type Scale } from './scale.js';

export interface Line {
  readonly label: string;
  readonly tone: Tone;
  /** Tells it apart from another of its tone. */
  readonly dash?: string;
  /** x, and nanoseconds. */
  readonly points: readonly (readonly [x: number, ns: number])[];
  /** Least and greatest nanoseconds at each point, drawn as a band. */
  readonly band?: readonly (readonly [min: number, max: number])[];
  /** Points are marked: there is nothing known in between. */
  readonly marked?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly subtitle: string;
  readonly lines: readonly Line[];
  /** Positions on the x axis and what they are called; the first and the last are its ends. */
  readonly xTicks: readonly (readonly [x: number, label: string])[];
  readonly xTitle: string;
  readonly footer: readonly string[];
}

const WIDTH = 760;
const TOP = 76;
const PLOT = 320;
const LEFT = 66;
const RIGHT = 138;
const LABEL_GAP = 16;

function path(points: readonly (readonly [number, number])[], x: Scale, y: Scale): string {
  return points.map(([at, ns], i) => `${i === 0 ? 'M' : 'L'}${round(x.at(at))} ${round(y.at(ns))}`).join('');
}

function drawLine(line: Line, x: Scale, y: Scale): string {
  const { points, band, dash, marked } = line;
  const parts: string[] = [];
  if (band !== undefined) {
    const upper = points.map(([at], i) => [at, band[i]![1]] as const);
    const lower = points.map(([at], i) => [at, band[i]![0]] as const).toReversed();
    const outline = `${path(upper, x, y)}${path(lower, x, y).replace('M', 'L')}Z`;
    parts.push(element('path', { class: 'fill', 'fill-opacity': '.16', d: outline }));
  }
  const dashed = dash === undefined ? {} : { 'stroke-dasharray': dash };
  parts.push(element('path', { class: 'line', d: path(points, x, y), ...dashed }));
  if (marked === true) {
    for (const [at, ns] of points) parts.push(element('circle', { class: 'fill', cx: x.at(at), cy: y.at(ns), r: 3.5 }));
  }
  return element('g', { class: line.tone }, parts.join(''));
}

/** Names at the lines' ends, moved apart where they would overlap. */
function labels(lines: readonly Line[], x: Scale, y: Scale): string[] {
  const wanted = lines.map((line) => ({ line, at: y.at(line.points.at(-1)![1]) + 4 })).toSorted((a, b) => a.at - b.at);
  let free = -Infinity;
  return wanted.map(({ line, at }) => {
    const placed = Math.max(at, free);
    free = placed + LABEL_GAP;
    return element('g', { class: line.tone }, text(x.at(x.to) + 9, placed, line.label, { class: 'label strong' }));
  });
}

export function lineChart({ title, subtitle, lines, xTicks, xTitle, footer }: LineChart): string {
  const bottom = TOP + PLOT;
  const [from, to] = decadesAround(lines.flatMap(({ points }) => points.map(([, ns]) => ns)));
  const y = logScale(from, to, bottom, TOP);
  const x = logScale(xTicks[0]![0], xTicks.at(-1)![0], LEFT, WIDTH - RIGHT);
  return picture(WIDTH, bottom + 58 + footer.length * 17, title, [
    text(16, 28, title, { class: 'title' }),
    text(16, 48, subtitle, { class: 'quiet' }),
    ...y.ticks.flatMap((tick) => [
      element('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y.at(tick), y2: y.at(tick) }),
      text(LEFT - 8, y.at(tick) + 4, formatTime(tick), { class: 'quiet', 'text-anchor': 'end' }),
    ]),
    ...xTicks.flatMap(([at, label]) => [
      element('line', { class: 'grid', x1: x.at(at), x2: x.at(at), y1: TOP, y2: bottom }),
      text(x.at(at), bottom + 18, label, { class: 'quiet', 'text-anchor': 'middle' }),
    ]),
    text((LEFT + WIDTH - RIGHT) / 2, bottom + 38, xTitle, { class: 'quiet', 'text-anchor': 'middle' }),
    ...lines.map((line) => drawLine(line, x, y)),
    ...labels(lines, x, y),
    ...footer.map((line, i) => text(16, bottom + 60 + i * 17, line, { class: 'quiet' })),
  ]);
}
