/**
 * The blocks of code in a document, and one shell script of them all, in their order. What a reader does not see stands
 * in comments:
 *
 * - `<!-- file: PATH -->` the next block is the content of that file;
 * - `<!-- in a program -->` it is a program of its own; `in a mounted program`: one that has `client` and `root`,
 *   unless it connects itself;
 * - `<!-- a schema -->` it is compiled, `<!-- only shown -->` it is not run;
 * - `<!-- run: COMMAND -->` is run as it stands.
 */

import { readFileSync } from 'node:fs';

export interface Block {
  readonly line: number;
  /** `sh`, `ts`, or what it is run as: `run`. */
  readonly kind: string;
  readonly text: string;
  /** The comment before it. */
  readonly note: string;
}

const COMMENT = /^<!-- (.*) -->$/;
const FENCE = /^```(\w*)$/;

export function blocksOf(document: string): Block[] {
  const blocks: Block[] = [];
  const lines = readFileSync(document, 'utf8').split('\n');
  let note = '';
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const [, comment] = COMMENT.exec(line) ?? [];
    if (comment?.startsWith('run: ')) blocks.push({ line: i + 1, kind: 'run', text: comment.slice(5), note: '' });
    else if (comment !== undefined) note = comment;
    const [, kind] = FENCE.exec(line) ?? [];
    if (kind === undefined) continue;
    const end = lines.indexOf('```', i + 1);
    blocks.push({ line: i + 1, kind, text: `${lines.slice(i + 1, end).join('\n')}\n`, note });
    note = '';
    i = end;
  }
  return blocks;
}

/** What a block of `in a mounted program` finds, if it does not connect itself. */
const MOUNTED = `import { connect } from 'lisafs';
await using client = await connect({ path: '/run/gofer.sock' });
const { root } = await client.mount();
`;

/** What comes before each step, so that a failure can be placed. */
export const STEP = '=== line ';

function program({ line, text, note }: Block): string {
  const before = note.includes('mounted') && !text.includes('connect(') ? MOUNTED : '';
  const after = text.includes('const server = await serve(') ? 'await server.close();\n' : '';
  const name = `block-${line}`;
  return `${file(`${name}.mts`, before + text + after)}\ntranspile ${name}.mts > ${name}.mjs\nnode ${name}.mjs`;
}

function file(path: string, text: string): string {
  return `cat > ${path} <<'END-OF-BLOCK'\n${text}END-OF-BLOCK`;
}

function command(block: Block): string | undefined {
  const { kind, note, text, line } = block;
  if (kind === 'sh' || kind === 'run') return text;
  if (kind !== 'ts' || note === 'only shown') return undefined;
  if (note.startsWith('file: ')) return file(note.slice(6), text);
  if (note.startsWith('in a ')) return program(block);
  if (note !== 'a schema') return `echo 'the block in line ${line} does not say what it is'; exit 1`;
  return `${file('kv.ts', text)}\nnpx lisafs generate kv.ts --out generated-${line}\nrm kv.ts`;
}

/** All of it as bash. Paths under /run and /tmp/copy are those of a scratch folder. */
export function scriptOf(blocks: readonly Block[], scratch: string): string {
  const steps = blocks.flatMap((block) => {
    const text = command(block);
    return text === undefined ? [] : [`echo '${STEP}${block.line}'\n${text}`];
  });
  return steps.join('\n').replaceAll('/run/', `${scratch}/run/`).replaceAll('/tmp/copy', `${scratch}/copy`);
}
