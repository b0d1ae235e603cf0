/** `lisafs breaking`: what running peers, and code, will not survive of a schema's changes. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { breakingChanges, unusedAllowances, type Change } from '../codegen/breaking.js';
import { analyse, formatDiagnostic } from '../codegen/compile.js';
import type { Allowed, LaidProtocol } from '../codegen/ir.js';
import { parseCommand } from './arguments.js';
import { Misuse } from './misuse.js';
import { wrongEncoding } from './schema-file.js';
import { shownJSON, shownName, styled } from './terminal.js';

const USAGE = `usage: lisafs breaking SCHEMA --against GITREF|FILE [--level wire|source] [--all] [--json]

Compares a schema with an earlier version of it, and tells what its changes break:

  wire     peers that run: they would read bytes otherwise than they were written, or miss something
  source   code that is compiled against what is generated
  none     nothing; shown with --all

docs/breaking.md lists the rules. A change is allowed by a line above the protocol in the schema:

  @allow FIELD_REMOVED Item.size nobody reads it

  --against GITREF|FILE  the earlier version: a file, or a commit, branch or tag of git that has the schema;
                         GITREF:PATH where it had another name
  --level LEVEL          fail only for what breaks this: wire, or source, which is both and the default
  --all                  show changes that break nothing, and those that are allowed
  --json                 one JSON object: {schema, against, breaking, changes: [{rule, level, subject, reason, allowed,
                         file, line, column}]}
  -h, --help             this text

Exit status: 0, 1 if something breaks, 2 if the schemas cannot be compared.
`;

/** Runs the command. Throws Misuse for everything that keeps the schemas from being compared. */
export async function breakingCommand(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, USAGE, {
    against: { type: 'string' },
    level: { type: 'string', default: 'source' },
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  if (command === undefined) return 0;
  const { against, level, all, json } = command.values;
  const [schema, ...others] = command.positionals;
  if (schema === undefined || others.length > 0) throw new Misuse('one schema, please');
  if (against === undefined) throw new Misuse('--against says what to compare with: a file, or a commit of git');
  if (level !== 'wire' && level !== 'source') throw new Misuse(`--level ${level}: wire or source`);
  const after = protocolOf(schema, readSchema(schema));
  const before = protocolOf(`${schema} at ${against}`, earlier(schema, against));
  if (after === undefined || before === undefined) return 2;
  const changes = breakingChanges(before, after);
  const breaking = changes.filter((change) => breaks(change, level));
  if (json) process.stdout.write(`${shownJSON(report(schema, against, changes, breaking.length))}\n`);
  else tell(all ? changes : breaking, unusedAllowances(after, changes), breaking.length);
  return breaking.length === 0 ? 0 : 1;
}

function breaks({ level, allowed }: Change, least: 'wire' | 'source'): boolean {
  return allowed === undefined && (level === 'wire' || (level === 'source' && least === 'source'));
}

function readSchema(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new Misuse(`${path} cannot be read (${code})`);
  }
  return textOf(path, bytes);
}

function textOf(file: string, bytes: Buffer): string {
  const wrong = wrongEncoding(file, bytes);
  if (wrong !== undefined) throw new Misuse(wrong);
  return bytes.toString('utf8');
}

/** More than any schema has that the compiler takes in reasonable time. */
const MAX_SCHEMA_BYTES = 64 << 20;

/** The earlier text: a file's, or the schema's own in a commit, or that of a file of a commit. */
function earlier(schema: string, against: string): string {
  if (against === '') throw new Misuse('--against is empty: it names a file, or a commit of git');
  if (existsSync(against)) return readSchema(against);
  if (against.startsWith('-')) throw new Misuse(`--against ${against}: no such file, and no name of a commit`);
  const object = against.includes(':') ? against : `${against}:./${basename(schema)}`;
  const cwd = dirname(schema);
  let bytes: Buffer;
  try {
    // Not `git show`, which takes a name with brackets for a pattern.
    bytes = git(['cat-file', 'blob', object], cwd);
  } catch (error) {
    throw new Misuse(
      `--against ${against}: no such file, and git says: ${gitSays(error)}${hint(schema, against, cwd)}`,
    );
  }
  return textOf(object, bytes);
}

function git(args: readonly string[], cwd: string): Buffer {
  const maxBuffer = MAX_SCHEMA_BYTES;
  return execFileSync('git', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer });
}

/** The first line of what git said, or why it did not run. */
function gitSays(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr ?? '').trim() : '';
  return said.split('\n')[0] || (error instanceof Error ? error.message.split('\n')[0]! : String(error));
}

/** What to do where git has no such file. */
function hint(schema: string, against: string, cwd: string): string {
  const is = (...args: string[]): boolean => {
    try {
      return git(args, cwd).toString('utf8').trim() !== 'false';
    } catch {
      return false;
    }
  };
  if (is('rev-parse', '--verify', '--quiet', '--end-of-options', `${against}^{commit}`))
    return `; where ${basename(schema)} had another name then, write --against ${against}:PATH`;
  return is('rev-parse', '--is-shallow-repository')
    ? '; this clone is shallow, so fetch that commit first (git fetch --unshallow)'
    : '';
}

/** Undefined for a schema that is wrong; what is wrong is told. */
function protocolOf(file: string, text: string): LaidProtocol | undefined {
  const { protocol, diagnostics } = analyse({ file, text });
  for (const diagnostic of diagnostics) process.stderr.write(`${formatDiagnostic(diagnostic)}\n`);
  return protocol;
}

function report(schema: string, against: string, changes: readonly Change[], breaking: number): object {
  const shown = changes.map(({ rule, level, subject, reason, allowed, place: { file, line, column } }) => {
    return { rule, level, subject, reason, allowed: allowed ?? null, file, line, column };
  });
  return { schema, against, breaking, changes: shown };
}

function tell(changes: readonly Change[], unused: readonly Allowed[], breaking: number): void {
  for (const change of changes) process.stdout.write(`${lineOf(change)}\n`);
  for (const { rule, subject, place } of unused) {
    process.stderr.write(
      `${shownName(place.file)}:${place.line}:${place.column}: nothing to allow: ${rule} ${subject}; remove it\n`,
    );
  }
  if (breaking === 0) process.stdout.write('nothing breaks\n');
}

function lineOf({ rule, level, subject, place, reason, allowed }: Change): string {
  const style = level === 'wire' ? 'red' : level === 'source' ? 'yellow' : 'dim';
  const at = `${shownName(place.file)}:${place.line}:${place.column}`;
  const because = allowed === undefined ? '' : ` (allowed: ${shownName(allowed)})`;
  return `${at}: ${styled(style, level)}: ${rule} ${subject}: ${reason}${because}`;
}
