/**
 * Formats a file piece by piece: declarations are parted by empty lines, and each is formatted by itself. Most need
 * only be indented; Prettier has the others. What it made of a piece is kept for the next run that has the same piece.
 */

import { PRINT_WIDTH, indent } from './indent.js';

/** Pieces by their text, as Prettier formatted them: of this process, or of one before it. */
export interface PieceCache {
  get(piece: string): string | undefined;
  set(piece: string, formatted: string): void;
}

export async function formatPieces(text: string, cache: PieceCache): Promise<string> {
  const formatted: string[] = [];
  for (const piece of piecesOf(text)) formatted.push(indent(piece) ?? (await pretty(piece, cache)));
  return formatted.join('\n');
}

async function pretty(piece: string, cache: PieceCache): Promise<string> {
  const known = cache.get(piece);
  if (known !== undefined) return known;
  const formatted = await prettierOf(piece);
  cache.set(piece, formatted);
  return formatted;
}

/** What Prettier makes of a text. It is loaded only where it is needed, which is not for every schema. */
export async function prettierOf(text: string): Promise<string> {
  const { format } = await import('prettier');
  // The same text as from 'typescript', in two thirds of the time.
  return format(text, { parser: 'babel-ts', printWidth: PRINT_WIDTH, singleQuote: true, endOfLine: 'lf' });
}

/** The text in parts that stand for themselves: at an empty line where nothing is open. */
export function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let piece: string[] = [];
  let depth = 0;
  let inComment = false;
  for (const line of text.split('\n')) {
    if (line === '' && depth === 0 && !inComment) {
      if (piece.length > 0) pieces.push(piece.join('\n'));
      piece = [];
      continue;
    }
    piece.push(line);
    const isComment = inComment || line.startsWith('/**');
    if (isComment) inComment = !line.includes('*/');
    if (!isComment || !line.startsWith('*')) depth += depthOf(line);
  }
  return piece.length === 0 ? pieces : [...pieces, piece.join('\n')];
}

/** How many brackets a line leaves open. */
function depthOf(line: string): number {
  if (!/[{}()[\]]/u.test(line)) return 0;
  const code = /['`/]/u.test(line) ? line.replace(/'(?:\\.|[^'\\])*'|`[^`]*`|\/\*.*?(?:\*\/|$)|\/\/.*$/gu, '') : line;
  let depth = 0;
  for (let i = 0; i < code.length; i++) {
    const sign = code[i]!;
    if (sign === '{' || sign === '(' || sign === '[') depth++;
    else if (sign === '}' || sign === ')' || sign === ']') depth--;
  }
  return depth;
}
