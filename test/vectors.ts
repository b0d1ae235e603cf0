/**
 * `npm run vectors -- FILE`: tells whether this SDK and whoever wrote the vectors agree on every byte. Each line is a
 * JSON object: `case` (block, req, resp or header), `type`, `mid`, `fields` under gVisor's names, `size`, `hex`.
 */

import { readFileSync, realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { checkVector } from './wire/vector.js';

/**
 * Checks every line of `text` and hands a line for each that fails to `print`, then the counts. Returns the exit
 * status.
 */
export function runVectors(text: string, print: (line: string) => void): number {
  let passed = 0;
  let failed = 0;
  for (const [index, line] of text
    .replace(/^\ufeff/u, '')
    .split(/\r?\n/u)
    .entries()) {
    if (line.trim() === '') continue;
    const wrong = checkVector(line);
    if (wrong === undefined) passed++;
    else print(`line ${index + 1}: ${wrong}`);
    if (wrong !== undefined) failed++;
  }
  print(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function main(files: readonly string[]): number {
  const [file] = files;
  if (file === undefined || files.length > 1) {
    console.error('usage: npm run vectors -- FILE');
    return 1;
  }
  try {
    return runVectors(readFileSync(file, 'utf8'), console.log);
  } catch (error) {
    console.error(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

if (process.argv[1] !== undefined && pathToFileURL(realpathSync(process.argv[1])).href === import.meta.url) {
  process.exitCode = main(process.argv.slice(2));
}
