/** `lisafs init`: a project of one's own that runs, in a new folder. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseCommand } from './arguments.js';
import { makeFolder } from './folder.js';
import { Misuse } from './misuse.js';
import { quotedIfNeeded } from './shell-word.js';
import { styled } from './terminal.js';

const USAGE = `usage: lisafs init DIR

Makes a project in DIR, which must be new or empty: a schema, a server, a client, and a test. What to do next is
printed.

  -h, --help         this text

Exit status: 0, 1 if DIR cannot be written, 2 for a mistake in the command.
`;

/** Templates and package.json lie where the sources are, which compiled code sees from dist/cli. */
const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
const TEMPLATES = join(PACKAGE, 'cli', 'templates', 'init');

/** What is made, and what each is for. A template has the name with `.txt` behind it. */
const FILES: readonly (readonly [path: string, template: string, what: string])[] = [
  ['schema/kv.ts', 'schema/kv.ts', 'the protocol: its messages, in TypeScript types'],
  ['src/server.ts', 'src/server.ts', 'a server'],
  ['src/client.ts', 'src/client.ts', 'a client, which starts a server of its own'],
  ['src/kv.test.ts', 'src/kv.test.ts', 'tests of the two'],
  ['package.json', 'package.json', ''],
  ['tsconfig.json', 'tsconfig.json', ''],
  // npm leaves a file of that name out of packages.
  ['.gitignore', 'gitignore', ''],
];

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export async function initCommand(args: readonly string[]): Promise<number> {
  const command = parseCommand(args, USAGE, {});
  if (command === undefined) return 0;
  const [directory, ...others] = command.positionals;
  if (directory === undefined || others.length > 0) throw new Misuse('one folder, please: the name of the project');
  const target = resolve(directory);
  checkEmpty(target, directory);
  const values = valuesFor(target);
  for (const [path, template] of FILES) {
    const file = join(target, path);
    makeFolder(dirname(file));
    writeFileSync(file, fill(readFileSync(join(TEMPLATES, `${template}.txt`), 'utf8'), values), { flag: 'wx' });
  }
  process.stdout.write(told(directory));
  return 0;
}

function checkEmpty(target: string, shown: string): void {
  if (!existsSync(target)) return;
  const there = readdirSync(target).filter((name) => name !== '.git');
  if (there.length > 0) {
    throw new Error(`${shown} is not empty (it has ${there[0]}); name a new folder, nothing is overwritten`);
  }
}

function fill(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\{\{([^}]+)\}\}/gu, (_, name: string) => values.get(name)!);
}

function manifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
}

/** The project gets the versions of TypeScript and of Node's types that this package is tested with. */
function valuesFor(target: string): ReadonlyMap<string, string> {
  const { version, devDependencies = {} } = manifest(PACKAGE);
  const caret = (name: string): [string, string] => [name, `^${devDependencies[name] ?? '*'}`];
  return new Map([
    ['name', packageName(basename(target))],
    ['lisafs', ownSpecifier(target) ?? `^${version}`],
    caret('@types/node'),
    caret('typescript'),
  ]);
}

/** A name that npm takes, of a folder's. */
function packageName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/gu, '-')
    .replace(/^[-._]+/u, '');
  return name === '' || name === 'lisafs' || name === 'node_modules' ? 'my-protocol' : name;
}

/**
 * Where npm finds this very package, if not in the registry: in the file or folder from which it was installed; in a
 * clone, in itself.
 */
function ownSpecifier(target: string): string | undefined {
  const [, project] = /^(.*)\/node_modules\/lisafs\/$/u.exec(PACKAGE) ?? [];
  if (project === undefined) return `file:${toPosix(relative(target, PACKAGE))}`;
  if (!existsSync(join(project, 'package.json'))) return undefined;
  const [, file] = /^file:(.*)$/u.exec(manifest(project).dependencies?.['lisafs'] ?? '') ?? [];
  return file === undefined ? undefined : `file:${toPosix(relative(target, resolve(project, file)))}`;
}

function toPosix(path: string): string {
  return path.split(sep).join('/');
}

function told(directory: string): string {
  const made = FILES.filter(([, , what]) => what !== '');
  const steps: [command: string, what: string][] = [
    ['npm install', ''],
    ['npm run generate', 'writes generated/kv from schema/kv.ts'],
    ['npm start', 'compiles, and runs the client against the server'],
    ['npm test', 'runs the tests'],
  ];
  if (resolve(directory) !== process.cwd()) steps.unshift([`cd ${quotedIfNeeded(directory)}`, '']);
  return `Made ${directory}:\n\n${table(made.map(([path, , what]) => [path, what]))}\nNow:\n\n${table(steps)}`;
}

/** Two columns: the first as it is, or as a command, the second what it is for. */
function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows
    .map(([first, what]) => (what === '' ? `  ${first}\n` : `  ${first.padEnd(width)}  ${styled('dim', what)}\n`))
    .join('');
}
