/** What every file of the project keeps to. */

import { basename, extname } from 'node:path';
import { ts } from 'ts-morph';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesBelow, read, sources } from './sources.js';

const MAX_LINE_LENGTH = 120;
const MAX_FUNCTION_LINES = 60;

const FOLDERS = ['schema', 'codegen', 'generated', 'runtime', 'cli', 'examples', 'test', 'bench'];
const handWritten = [...sources].filter(([, { text }]) => !text.startsWith('// @generated'));

const files = suite('files');

files('are there', () => {
  assert.ok(handWritten.length > 30, `${handWritten.length} sources`);
});

files('have names that say what is in them', () => {
  const vague = FOLDERS.flatMap(filesBelow).filter((path) => {
    const words = basename(path).slice(0, -extname(path).length).split(/[-_.]/);
    return words.some((word) => /^(util|utils|utility|helper|helpers|common|manager|misc|shared)$/i.test(word));
  });
  assert.equal(vague, []);
});

/** A line of a test that is one long string: a schema to be refused, say, which is what it is. */
function isOneString(path: string, line: string): boolean {
  return path.startsWith('test/') && /^\s*(?:\w+: |\[)?['"`].*['"`]\]?[,;]?$/.test(line);
}

files('have lines of at most 120 characters', () => {
  const long = handWritten.flatMap(([path, source]) =>
    source.text
      .split('\n')
      .flatMap((line, i) => (line.length > MAX_LINE_LENGTH && !isOneString(path, line) ? [`${path}:${i + 1}`] : [])),
  );
  assert.equal(long, []);
});

files('end their lines, and only those, with a newline', () => {
  const wrong = handWritten.filter(
    ([, { text }]) => !text.endsWith('\n') || text.endsWith('\n\n') || text.includes('\r'),
  );
  assert.equal(
    wrong.map(([path]) => path),
    [],
  );
});

/** Functions of more lines than that, outer ones without those that their inner functions take. */
function longFunctions(source: ts.SourceFile): string[] {
  const long: string[] = [];
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  /** Visits what is below a node; gives the lines that functions in it take. */
  const visit = (node: ts.Node): number => {
    let inner = 0;
    ts.forEachChild(node, (child) => {
      inner += visit(child);
    });
    if (!ts.isFunctionLike(node)) return inner;
    const [from, to] = [lineOf(node.getStart()), lineOf(node.getEnd())];
    const own = to - from + 1 - inner;
    if (own > MAX_FUNCTION_LINES) long.push(`${source.fileName}:${from + 1}: ${own} lines`);
    return to - from;
  };
  visit(source);
  return long;
}

// One character beyond it, and V8 keeps all of a file's characters in two bytes each.
files('that users load are Latin-1', () => {
  const loaded = [...sources].filter(([path]) => /^(runtime|generated)\//.test(path));
  assert.ok(loaded.length > 100, `${loaded.length} sources`);
  const beyond = loaded.flatMap(([path, { text }]) => {
    const [, before] = /^([^]*?)[^\0-\xff]/.exec(text) ?? [];
    return before === undefined ? [] : [`${path}:${before.split('\n').length}`];
  });
  assert.equal(beyond, []);
});

files('have functions of at most 60 lines', () => {
  assert.equal(
    handWritten.flatMap(([, source]) => longFunctions(source)),
    [],
  );
});

files('that are generated say so, and that they are not to be changed', () => {
  for (const path of filesBelow('generated')) {
    if (path.endsWith('.ts')) assert.match(read(path).split('\n')[0]!, '@generated', path);
  }
});

files('of the examples have fewer than 100 lines', () => {
  const written = filesBelow('examples').filter((path) => !read(path).startsWith('// @generated'));
  const long = written.filter((path) => read(path).split('\n').length - 1 >= 100);
  assert.equal(long, []);
});

/** Flags of open(2) that are other bits on arm64. Those of runtime/os are compared with both machines' headers. */
const DIFFERENT_BY_MACHINE = /^O_(?:DIRECT|DIRECTORY|LARGEFILE|NOFOLLOW)$/;

/** Constants of those names that are written as a number. */
function written(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.initializer !== undefined && ts.isNumericLiteral(node.initializer)) {
      found.push(node.name.getText());
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.filter((name) => DIFFERENT_BY_MACHINE.test(name));
}

files('write no flag of open(2) as a number that is another on arm64', () => {
  const wrong = handWritten.flatMap(([path, source]) =>
    /^(?:runtime|cli|examples)\//.test(path) ? written(source).map((name) => `${path}: ${name}`) : [],
  );
  assert.equal(wrong, []);
});

files.run();
