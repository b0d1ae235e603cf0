/** SVG as text: elements with attributes, numbers rounded so that the same data gives the same bytes everywhere. */

export type Attributes = Readonly<Record<string, string | number>>;

/** Two decimals are less than a screen shows. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** One element; its content is markup already. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escapeText(value)}"`)
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

export function text(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escapeText(content));
}

/** What is drawn, and its colour on light and on dark paper. */
const LIGHT = {
  ours: '#0969da',
  gvisor: '#bf5700',
  floor: '#6e7781',
  peer: '#8a7fb0',
  grpc: '#8250df',
  zeromq: '#bf3989',
  fork: '#1a7f37',
  net: '#9a6700',
  port: '#0b7285',
} as const;
const DARK: Readonly<Record<Tone, string>> = {
  ours: '#58a6ff',
  gvisor: '#f0883e',
  floor: '#9198a1',
  peer: '#8b7fc0',
  grpc: '#bc8cff',
  zeromq: '#f778ba',
  fork: '#56d364',
  net: '#d4a72c',
  port: '#39c5cf',
};

export type Tone = keyof typeof LIGHT;

/** Plain rules, not variables: not everything that draws an SVG knows those. */
function tones(colours: Readonly<Record<string, string>>): string {
  return Object.entries(colours)
    .map(([tone, c]) => `.${tone} .fill, .${tone} .label { fill: ${c}; } .${tone} .line { stroke: ${c}; }`)
    .join('\n  ');
}

/** Readable on light and on dark paper, without a background of its own. */
const STYLE = `
  text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #24292f; }
  .title { font-size: 18px; font-weight: 600; }
  .quiet { fill: #656d76; font-size: 12px; }
  .strong { font-weight: 600; }
  .value { font-variant-numeric: tabular-nums; }
  .grid { stroke: #8c959f; stroke-opacity: .28; stroke-width: 1; }
  .line { fill: none; stroke-width: 1.75; stroke-linejoin: round; }
  .ours .line { stroke-width: 3; }
  .faint { fill-opacity: .75; }
  .whisker { stroke: #24292f; stroke-opacity: .6; stroke-width: 1.25; }
  ${tones(LIGHT)}
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .quiet { fill: #9198a1; } .whisker { stroke: #e6edf3; }
    ${tones(DARK)}
  }
`;

/** A whole document. `description` is what a screen reader says of it. */
export function picture(width: number, height: number, description: string, content: readonly string[]): string {
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
  };
  const head = element('title', {}, escapeText(description)) + element('style', {}, STYLE);
  return `${element('svg', attributes, `\n${[head, ...content].join('\n')}\n`)}\n`;
}
