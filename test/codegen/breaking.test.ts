/** `breaking` over a list of changes, each with the reason for its verdict. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { breakingChanges } from '../../codegen/breaking.js';
import { RULES } from '../../codegen/breaking-rules.js';
import { analyse } from '../../codegen/compile.js';
import { fingerprintOf } from '../../codegen/fingerprint.js';
import type { LaidProtocol } from '../../codegen/ir.js';
import { areCompatible } from '../../runtime/wire/layout.js';
import { ROOT } from '../style/sources.js';
import { BASE, CASES, PAIRS, SUBTLE_CASES, edited } from './breaking-cases.js';
import { errorsOf } from './compiled.js';

function protocolOf(text: string): LaidProtocol {
  const { protocol, diagnostics } = analyse({ file: 'kv.ts', text });
  if (protocol === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return protocol;
}

const changes = suite('changes');

function toldOf(before: string, after: string): string[] {
  const found = breakingChanges(protocolOf(before), protocolOf(after));
  return found.map(({ level, rule, subject, reason }) => `${level} ${rule} ${subject}: ${reason}`);
}

for (const [name, before, after, ...told] of PAIRS) {
  changes(name, () => assert.equal(toldOf(before, after), told));
}

for (const [name, edits, ...told] of [...CASES, ...SUBTLE_CASES]) {
  changes(name, () => assert.equal(toldOf(BASE, edited(edits)), told));
}

changes('every rule is tried above, and documented with its level', () => {
  const tried = new Set(
    [...[...CASES, ...SUBTLE_CASES].flatMap(([, , ...told]) => told), ...PAIRS.flatMap(([, , , ...told]) => told)].map(
      (line) => line.split(' ')[1]!,
    ),
  );
  const page = readFileSync('docs/breaking.md', 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (\w+) +\| /gmu)].map(([, rule, level]) => [rule!, level!]);
  assert.equal(Object.fromEntries(rows), { ...RULES });
  assert.equal(
    Object.keys(RULES).filter((rule) => !tried.has(rule)),
    [],
  );
});

changes('nothing has changed from a schema to itself', () => {
  for (const path of ['schema/lisafs.ts', 'schema/lisafs-2021.ts', 'test/codegen/kinds.ts']) {
    const protocol = protocolOf(readFileSync(path, 'utf8'));
    assert.equal(breakingChanges(protocol, protocol), []);
  }
});

changes('whatever keeps peers apart at mount is told as breaking the wire', () => {
  const before = protocolOf(BASE);
  const layouts = new Map(fingerprintOf(before).layouts.map((layout) => [layout.mid, layout]));
  for (const [name, edits] of [...CASES, ...SUBTLE_CASES]) {
    const after = protocolOf(edited(edits));
    const apart = fingerprintOf(after).layouts.filter(({ mid, req, resp }) => {
      const was = layouts.get(mid);
      return was !== undefined && !(areCompatible(was.req, req) && areCompatible(was.resp, resp));
    });
    const isTold = breakingChanges(before, after).some(({ level }) => level === 'wire');
    if (apart.length > 0) assert.ok(isTold, name);
  }
});

changes('a change is allowed above the protocol, by its rule and subject, with a reason', async () => {
  const allow = (line: string): string => BASE.replace('Keys and values.', `Keys and values.\n *\n * @allow ${line}\n`);
  const text = allow('FIELD_RENAMED Item.type it is better English').replace('kind: u32', 'type: u32');
  const [change, ...more] = breakingChanges(protocolOf(BASE), protocolOf(text));
  assert.is(change!.allowed, 'it is better English');
  assert.equal(more, []);
  assert.equal(protocolOf(text).doc, ['Keys and values.'], 'it is no part of the documentation');
  assert.equal(await errorsOf(allow('FIELD_RENAMD Item.type x')), [
    "9:4: 'FIELD_RENAMD' is no rule; did you mean FIELD_RENAMED? Else see docs/breaking.md",
  ]);
  assert.equal(await errorsOf(allow('FIELD_RENAMED')), [
    '9:4: @allow names a rule, what it is about, and why; write @allow FIELD_REMOVED Item.size nobody reads it',
  ]);
});

changes.run();

interface Context {
  directory: string;
  schema: string;
}

const command = suite<Context>('the command');

command.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'lisafs-breaking-'));
  context.schema = join(context.directory, 'kv.ts');
  writeFileSync(context.schema, BASE);
});

command.after.each(({ directory }) => rmSync(directory, { recursive: true }));

/** Runs `lisafs breaking`: its status and what it says. */
function run(cwd: string, ...args: string[]): { status: number | null; out: string; error: string } {
  const main = join(ROOT, 'dist/cli/main.js');
  const { status, stdout, stderr } = spawnSync('node', [main, 'breaking', ...args], { cwd, encoding: 'utf8' });
  return { status, out: stdout, error: stderr };
}

command('compares with a file: 0, 1 for what breaks, and levels', ({ directory, schema }) => {
  writeFileSync(join(directory, 'old.ts'), BASE);
  assert.equal(run(directory, schema, '--against', 'old.ts'), { status: 0, out: 'nothing breaks\n', error: '' });
  writeFileSync(schema, BASE.replace('kind: u32', 'type: u32'));
  const renamed = run(directory, 'kv.ts', '--against', 'old.ts');
  assert.is(renamed.status, 1);
  assert.is(
    renamed.out,
    "kv.ts:5:45: source: FIELD_RENAMED Item.type: it was called 'kind'; code that says so does not compile\n",
  );
  assert.is(run(directory, 'kv.ts', '--against', 'old.ts', '--level', 'wire').status, 0);
});

command('compares with a commit of git', ({ directory, schema }) => {
  const git = (...args: string[]): void => {
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: directory, stdio: 'ignore' });
  };
  git('init');
  git('add', 'kv.ts');
  git('commit', '-m', 'first');
  writeFileSync(schema, BASE.replace('Message<259', 'Message<300'));
  const { status, out } = run('/', schema, '--against', 'HEAD', '--json');
  assert.is(status, 1);
  const { changes: told, ...rest } = JSON.parse(out) as { changes: object[] };
  assert.equal(rest, { schema, against: 'HEAD', breaking: 1 });
  assert.equal(told, [
    {
      rule: 'MID_CHANGED',
      level: 'wire',
      subject: 'List',
      reason: 'it had MID 259, which is all that running peers know it by',
      allowed: null,
      file: schema,
      line: 12,
      column: 3,
    },
  ]);
});

command('finds a schema that had another name, or is large, and takes no name for a pattern', (context) => {
  const { directory, schema } = context;
  const git = (...args: string[]): void => {
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: directory, stdio: 'ignore' });
  };
  const long = `/** ${'x'.repeat(2 << 20)} */\n`;
  git('init');
  writeFileSync(join(directory, 'old.ts'), BASE + long);
  git('add', 'old.ts');
  git('commit', '-m', 'first');
  assert.equal(run(directory, 'kv.ts', '--against', 'HEAD:old.ts'), { status: 0, out: 'nothing breaks\n', error: '' });
  const { status, error } = run(directory, 'kv.ts', '--against', 'HEAD');
  assert.is(status, 2);
  assert.match(error, /not in 'HEAD'; where kv\.ts had another name then, write --against HEAD:PATH\n/u);
  git('add', 'kv.ts');
  git('commit', '-m', 'second');
  assert.match(run(directory, 'kv.ts', '--against', 'v[1]').error, /git says: fatal: /u);
  const shallow = join(directory, 'shallow');
  git('clone', '--depth', '1', `file://${directory}`, shallow);
  assert.match(run(shallow, 'kv.ts', '--against', 'HEAD~1').error, /shallow, so fetch that commit first/u);
  assert.is(run(shallow, 'kv.ts', '--against', 'HEAD').status, 0);
  assert.ok(readFileSync(schema, 'utf8') === BASE);
});

command('says with status 2 why it cannot compare', ({ directory, schema }) => {
  const bad = join(directory, 'bad.ts');
  writeFileSync(bad, 'export interface KV {');
  writeFileSync(join(directory, 'latin.ts'), Buffer.from('// \n// \xe9\n', 'latin1'));
  const cases: readonly (readonly [args: string[], error: RegExp])[] = [
    [[], /one schema, please/u],
    [['kv.ts'], /--against says what to compare with/u],
    [['kv.ts', '--against', ''], /--against is empty: it names a file/u],
    [['kv.ts', '--against', 'none'], /--against none: no such file, and git says: /u],
    [['kv.ts', '--against=--upload-pack=x'], /no such file, and no name of a commit/u],
    [['kv.ts', '--against', 'bad.ts'], /kv\.ts at bad\.ts:1:\d+: '\}' expected/u],
    [['kv.ts', '--against', 'latin.ts'], /latin\.ts:2:1: this line is not UTF-8; save the file as UTF-8/u],
    [['latin.ts', '--against', 'kv.ts'], /latin\.ts:2:1: this line is not UTF-8; save the file as UTF-8/u],
    [['none.ts', '--against', 'kv.ts'], /none\.ts cannot be read \(ENOENT\)/u],
    [['kv.ts', '--against', 'kv.ts', '--level', 'x'], /--level x: wire or source/u],
  ];
  assert.ok(readFileSync(schema, 'utf8').length > 0);
  for (const [args, error] of cases) {
    const result = run(directory, ...args);
    assert.is(result.status, 2, args.join(' '));
    assert.match(result.error, error);
    assert.not.match(result.error, /\n\s+at /u);
  }
});

command('prints nothing that speaks to a terminal', ({ directory, schema }) => {
  writeFileSync(join(directory, 'old.ts'), BASE);
  const allow = '@allow FIELD_RENAMED Item.type \x1b[31m \x9b2J \u202e why';
  writeFileSync(schema, BASE.replace('Keys and values.', `Keys.\n * ${allow}\n`).replace('kind: u32', 'type: u32'));
  const shown = run(directory, 'kv.ts', '--against', 'old.ts', '--all');
  assert.match(shown.out, '(allowed: \\x1b[31m \\x9b2J \\u{202e} why)');
  const { out } = run(directory, 'kv.ts', '--against', 'old.ts', '--json');
  for (const text of [shown.out, out]) assert.not.match(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  const { changes: told } = JSON.parse(out) as { changes: { allowed: string }[] };
  assert.is(told[0]!.allowed, '\x1b[31m \x9b2J \u202e why');
});

command('tells of an allowance that allows nothing', ({ directory, schema }) => {
  writeFileSync(join(directory, 'old.ts'), BASE);
  writeFileSync(schema, BASE.replace('Keys and values.', 'Keys and values.\n * @allow FIELD_REMOVED Item.size x\n'));
  const error = 'kv.ts:8:4: nothing to allow: FIELD_REMOVED Item.size; remove it\n';
  assert.equal(run(directory, 'kv.ts', '--against', 'old.ts'), { status: 0, out: 'nothing breaks\n', error });
});

command.run();
