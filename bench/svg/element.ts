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

/** Readable on light and on dark paper, without a background of its own. */
const STYLE = `
  text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #24292f; }
  .title { font-size: 18px; font-weight: 600; }
  .quiet { fill: #656d76; font-size: 12px; }
  .strong { font-weight: 600; }
  .value { font-variant-numeric: tabular-nums; }
  .grid { stroke: #8c959f; stroke-opacity: .28; stroke-width: 1; }
  .ours { --tone: #0969da; } .gvisor { --tone: #bf5700; } .floor { --tone: #6e7781; } .peer { --tone: #8250df; }
  .fill { fill: var(--tone); } .line { stroke: var(--tone); fill: none; stroke-width: 2; stroke-linejoin: round; }
  .label { fill: var(--tone); }
  .faint { fill-opacity: .75; }
  .whisker { stroke: #24292f; stroke-opacity: .55; stroke-width: 1.25; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .quiet { fill: #9198a1; } .whisker { stroke: #e6edf3; }
    .ours { --tone: #58a6ff; } .gvisor { --tone: #f0883e; } .floor { --tone: #9198a1; } .peer { --tone: #bc8cff; }
    .label { fill: var(--tone); }
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
