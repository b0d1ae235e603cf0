/** Patterns of a policy: what they match, what they make of directories, and what is no pattern. */

import { array, assert as check, constantFrom, property } from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Standing, standingOfRoot } from '../../runtime/session/policy-paths.js';

function standing(path: string, ...patterns: string[]): Standing {
  const names = path.split('/').filter((name) => name !== '');
  return names.reduce((at, name) => at.step(name), standingOfRoot('patterns', patterns));
}

const test = suite('patterns');

const cases: readonly (readonly [pattern: string, matching: string[], others: string[]])[] = [
  ['**/.env', ['/.env', '/a/.env', '/a/b/c/.env', '/.env/below'], ['/', '/env', '/.env2', '/a/x.env', '/.ENV']],
  ['/src', ['/src', '/src/a', '/src/a/b'], ['/', '/srcs', '/a/src']],
  ['src', ['/src', '/src/a'], ['/a/src']],
  ['/', ['/', '/a', '/a/b'], []],
  ['**', ['/a', '/a/b'], ['/']],
  ['/a/**', ['/a/b', '/a/b/c'], ['/', '/a', '/b']],
  ['/a/**/z', ['/a/z', '/a/b/z', '/a/b/c/z'], ['/a', '/z', '/a/b', '/a/zz']],
  ['**/a/**/b', ['/a/b', '/x/a/y/b', '/a/a/b'], ['/a', '/b', '/b/a']],
  ['*.pem', ['/x.pem', '/.pem'], ['/pem', '/x.pem2', '/a/x.pem']],
  ['**/*secret*', ['/secret', '/my-secrets', '/a/b/secret.txt'], ['/secre', '/sec/ret']],
  ['/?', ['/a', '/é', '/\u{1f600}', '/\udc80'], ['/ab', '/']],
  ['/[a-c0]x', ['/ax', '/cx', '/0x'], ['/dx', '/x', '/aax']],
  ['/[!a-c]', ['/d', '/é'], ['/a', '/dd']],
  ['/[]x-]', ['/]', '/x', '/-'], ['/y']],
  ['/{a,b/c}/d', ['/a/d', '/b/c/d'], ['/b/d', '/a', '/{a,b']],
  ['/x.{js,{ts,mts}}', ['/x.js', '/x.ts', '/x.mts'], ['/x.', '/x.{js']],
  ['/\\*', ['/*'], ['/a']],
  ['/\\{a,b\\}', ['/{a,b}'], ['/a']],
  ['/a\\[b', ['/a[b'], ['/ab']],
  ['/a.b', ['/a.b'], ['/axb']],
];

for (const [pattern, matching, others] of cases) {
  test(`${pattern} matches ${matching.length} paths of ${matching.length + others.length}`, () => {
    for (const path of matching) assert.ok(standing(path, pattern).matched, `${path} should match`);
    for (const path of others) assert.not(standing(path, pattern).matched, `${path} should not match`);
  });
}

test('several patterns are as many rules', () => {
  assert.ok(standing('/b/c', '/a', '/b').matched);
  assert.not(standing('/c', '/a', '/b').matched);
  assert.not(standing('/').matched);
});

test('directories stand alike where the same can match below them', () => {
  const key = (path: string, ...patterns: string[]): string => standing(path, ...patterns).key;
  assert.is(key('/a', '**/.env'), key('/b/c', '**/.env'));
  assert.is(key('/x', '/src'), key('/y', '/src'));
  assert.is.not(key('/a', '/a/secret'), key('/b', '/a/secret'));
  assert.is.not(key('/node_modules', '**/node_modules/**/x'), key('/other', '**/node_modules/**/x'));
  assert.is.not(key('/x', '/src/lib'), key('/src', '/src/lib'));
});

const names = constantFrom('a', 'b', 'ab', 'ba', 'aab');
const parts = constantFrom('a', 'b', '*', 'a*', '*b', '?', '**', '[ab]', '{a,ba}', '*a*b');
const patterns = array(
  array(parts, { minLength: 1, maxLength: 4 }).map((list) => list.join('/')),
  {
    minLength: 1,
    maxLength: 3,
  },
);

/** The same, said with regular expressions. */
function matches(pattern: string, path: readonly string[]): boolean {
  const segments = pattern.split('/');
  const last = segments.length - 1;
  const source = segments.map((segment, i) => {
    if (segment === '**') return i === last ? '(?:/[^/]+)+' : '(?:/[^/]+)*';
    const name = segment.replaceAll('?', '[^/]').replaceAll('*', '[^/]*').replace('{a,ba}', '(?:a|ba)');
    return `/${name}`;
  });
  return new RegExp(`^${source.join('')}(?:/.*)?$`).test(path.map((name) => `/${name}`).join(''));
}

test('matches what a regular expression does, and what stands alike goes on alike', () => {
  check(
    property(patterns, array(names, { maxLength: 4 }), array(names, { maxLength: 4 }), (list, one, other) => {
      const at = (path: readonly string[]): Standing => standing(path.join('/'), ...list);
      for (const path of [one, other])
        assert.is(
          at(path).matched,
          list.some((each) => matches(each, path)),
        );
      if (at(one).key !== at(other).key) return;
      for (const below of [['a'], ['b', 'a'], ['ab', 'b', 'a']]) {
        assert.is(at([...one, ...below]).matched, at([...other, ...below]).matched);
      }
    }),
    { numRuns: 3000 },
  );
});

test('no name of a client makes matching slow', () => {
  const at = standingOfRoot('patterns', [`**/${'*a'.repeat(40)}b`]);
  const began = process.cpuUsage().user;
  for (let i = 0; i < 20; i++) assert.not(at.step('a'.repeat(255)).matched);
  // A regular expression takes longer than the universe has been there; a machine that is busy costs no cpu time.
  assert.ok(process.cpuUsage().user - began < 10_000_000);
});

test('what is no pattern is refused, by its place and with what to write instead', () => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    ['', /^patterns\[0\] must be a pattern \(\/ is the root\), not ''/],
    ['/a/', /without a slash at its end, not '\/a\/'/],
    ['a//b', /without empty names/],
    ['../a', /`\.\.`/],
    ['a**', /\*\* stands alone/],
    ['[ab', /whose \[ is closed/],
    ['{a,b', /whose braces are closed/],
    ['a}', /whose braces are closed/],
    ['a\\', /backslash/],
    ['{a,b}'.repeat(12), /at most 256 alternatives/],
    [7, /must be a string, not 7/],
  ];
  for (const [pattern, message] of wrong) {
    assert.throws(() => standingOfRoot('patterns', [pattern as string]), message);
  }
  assert.throws(() => standingOfRoot('patterns', 'src' as unknown as string[]), /must be an array of patterns/);
});

test.run();
