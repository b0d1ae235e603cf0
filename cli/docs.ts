/** `lisafs docs`: a page about a schema. */

import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseCommand } from './arguments.js';
import { docsPage } from './docs-page.js';
import { Misuse } from './misuse.js';
import { protocolOf, WrongSchema } from './schema-file.js';
import { write } from './terminal.js';

const USAGE = `usage: lisafs docs SCHEMA [--out FILE]

Makes one HTML page about the schema, which needs nothing else: each message with its comment, its layout, its sizes and
what is donated. It can be searched.

  --out FILE         write it there; standard output when left out
  -h, --help         this text

Exit status: 0, 1 if the schema is wrong or the page cannot be written, 2 for a mistake in the command.
`;

/** Where the page's style and program lie, which compiled code sees from dist/cli. */
const TEMPLATES = fileURLToPath(new URL('../../cli/templates/docs/', import.meta.url));

export async function docsCommand(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, USAGE, { out: { type: 'string' } });
  if (command === undefined) return 0;
  const [schema, ...others] = command.positionals;
  if (schema === undefined || others.length > 0) throw new Misuse('one schema, please');
  try {
    const page = docsPage(protocolOf(schema), {
      style: readFileSync(`${TEMPLATES}page.css`, 'utf8'),
      program: readFileSync(`${TEMPLATES}page.js`, 'utf8'),
      schema: basename(schema),
    });
    const { out } = command.values;
    if (out === undefined) await write(page);
    else writeFileSync(out, page);
    return 0;
  } catch (error) {
    if (!(error instanceof WrongSchema)) throw error;
    for (const line of error.lines) process.stderr.write(`${line}\n`);
    return 1;
  }
}
