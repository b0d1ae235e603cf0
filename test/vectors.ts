/**
 * `npm run vectors -- FILE`: tells whether this SDK and whoever wrote the vectors agree on every byte. Each line is a
 * JSON object: `case` (block, req, resp or header), `type`, `mid`, `fields` under gVisor's names, `size`, `hex`.
 */

import { createReadStream, realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { checkVector } from './wire/vector.js';

/**
 * Checks every line of `text` and hands a line for each that fails to `print`, then the counts. Returns the exit
 * status.
 */
export function runVectors(text: string, print: (line: string) => void): number {
  const count = new Counting(print);
  for (const line of text.split('\n')) count.check(line);
  return count.end();
}

class Counting {
  readonly #print: (line: string) => void;
  #number = 0;
  #passed = 0;
  #failed = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  check(line: string): void {
    this.#number++;
    const text = this.#number === 1 ? line.replace(/^\ufeff/u, '') : line;
    if (text.trim() === '') return;
    const wrong = checkVector(text.replace(/\r$/u, ''));
    if (wrong === undefined) this.#passed++;
    else {
      this.#failed++;
      this.#print(`line ${this.#number}: ${wrong}`);
    }
  }

  end(): number {
    this.#print(`${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed === 0 ? 0 : 1;
  }
}

/** Line by line, however large the file is. Only a newline ends a line: readline has other ideas. */
async function checkFile(path: string): Promise<number> {
  const count = new Counting(console.log);
  let rest = '';
  for await (const chunk of createReadStream(path, 'utf8')) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop()!;
    for (const line of lines) count.check(line);
  }
  count.check(rest);
  return count.end();
}

async function main(files: readonly string[]): Promise<number> {
  const [file] = files;
  if (file === undefined || files.length > 1) {
    console.error('usage: npm run vectors -- FILE');
    return 1;
  }
  try {
    return await checkFile(file);
  } catch (error) {
    console.error(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

if (process.argv[1] !== undefined && pathToFileURL(realpathSync(process.argv[1])).href === import.meta.url) {
  process.exitCode = await main(process.argv.slice(2));
}
