/**
 * Whatever a schema says in its comments, names and file name, the code that comes out is the code of the same schema
 * without them: it parses, and no token of it is new. (CVE-2026-41242 is what happens to a generator that does not see
 * to that.)
 */

import * as fc from 'fast-check';
import { ts } from 'ts-morph';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileText } from './compiled.js';

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
const RUNS_COUNT = 60;
const test = suite(`hostile text, SEED=${SEED}`);

const FRAGMENTS = [
  '*/',
  '/*',
  '/**',
  '//',
  '${',
  '`',
  '{{',
  '}}',
  '{{{',
  '{{> struct}}',
  '{{#each messages}}',
  "'",
  '"',
  '\\',
  '\\u002a/',
  '*\\/',
  '\n',
  '\r',
  '\r\n',
  '\u2028',
  '\u2029',
  '\u0000',
  '\u0085',
  '\u202e',
  '\u200b',
  '\ufeff',
  '\ud800',
  '<!--',
  '-->',
  '</script>',
  'process.exit(1)',
  'constructor',
  '__proto__',
  'export',
  'import',
  '@internal',
  '@ts-ignore',
  '@allow',
  '// @ts-nocheck',
  '//~blank~',
  '\u0430',
  '\u037e',
  '\uff0a\uff0f',
  ' ',
  'x',
  '*',
  '/',
  '# sourceMappingURL=x',
  '@',
  ');',
  '}',
  '{',
];

const text = fc.array(fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ unit: 'binary', maxLength: 4 })), {
  maxLength: 8,
});

/** A schema with this comment everywhere, and without any. */
function schema(doc: string): string {
  const comment = doc === '' ? '' : `/** ${doc.replaceAll('*/', '* /')} */ `;
  return `${comment}export type Key = Opaque<u64>;
${comment}export type Colour = Enum<u8, { ${comment}Red: 0; ${comment}Green: 1 }>;
${comment}export type PErrors = Errors<{ ${comment}Full: 4096 }>;
${comment}export interface S { ${comment}a: u64; ${comment}b: Bytes }
${comment}export interface P {
  ${comment}get: Message<256, S, { ${comment}key: Makes<Key>; ${comment}c: Colour; ${comment}d?: Str }>;
  ${comment}drop: Message<257, { ${comment}key: Closes<Key> }, Empty>
}`;
}

/** Every token of the code, comments left out; what a string says where that is documentation. */
function tokensOf(code: string, isDescription: boolean): string[] {
  const source = ts.createSourceFile('x.ts', code, ts.ScriptTarget.Latest, true);
  const tokens: string[] = [];
  const visit = (node: ts.Node): void => {
    const parts = node.getChildren(source).filter((part) => !ts.isJSDoc(part));
    for (const part of parts) visit(part);
    // Trailing commas come and go with the line breaks around long strings.
    if (parts.length > 0 || node.kind === ts.SyntaxKind.CommaToken) return;
    const isDoc = isDescription && ts.isStringLiteral(node) && tokens.at(-2) === 'doc';
    tokens.push(isDoc ? "''" : node.getText(source));
  };
  visit(source);
  return tokens;
}

function syntaxErrors(code: string): readonly unknown[] {
  return (
    ts.transpileModule(code, { reportDiagnostics: true, compilerOptions: { target: ts.ScriptTarget.Latest } })
      .diagnostics ?? []
  );
}

test('in comments never becomes code', async () => {
  const plain = await compileText(schema(''));
  assert.equal(plain.diagnostics, []);
  const expected = new Map([...plain.outputs].map(([name, code]) => [name, tokensOf(code, name === 'reflection.ts')]));
  const property = fc.asyncProperty(text, async (parts) => {
    const { outputs, diagnostics } = await compileText(schema(parts.join('')));
    // An @allow that says nothing, and what TypeScript itself cannot read, are refused.
    if (diagnostics.length > 0) return;
    for (const [name, code] of outputs) {
      assert.equal(syntaxErrors(code), [], name);
      assert.equal(tokensOf(code, name === 'reflection.ts'), expected.get(name), name);
      assert.not.match(code.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, name);
      // What is a string there speaks to no compiler.
      if (name === 'reflection.ts') continue;
      assert.not.match(code, /(?<!\/\*\* )@internal|@ts-|(?<!\/\* )@__/u, name);
    }
  });
  await fc.assert(property, { seed: SEED, numRuns: RUNS_COUNT });
});

test('as a name is refused, or is a plain identifier', async () => {
  const name = text.map((parts) => parts.join(''));
  const property = fc.asyncProperty(name, fc.nat(5), async (hostile, place) => {
    const quoted = JSON.stringify(hostile);
    const schemas = [
      `export interface P { get: Message<256, { ${quoted}: u8 }, Empty> }`,
      `export interface P { ${quoted}: Message<256, Empty, Empty> }`,
      `export interface P { get: Message<256, Empty, Empty, Donates<${quoted}>> }`,
      `export type E = Enum<u8, { ${quoted}: 1 }>;\nexport interface P { get: Message<256, { e: E }, Empty> }`,
      `export type E = Errors<{ ${quoted}: 5000 }>;\nexport interface P { get: Message<256, Empty, Empty> }`,
      `export interface P { get: Message<256, Empty, Empty, Limits<{ ${quoted}: 5 }>> }`,
    ];
    const { outputs } = await compileText(schemas[place]!);
    if (outputs.size > 0) assert.match(hostile, /^[A-Za-z]\w*$/u);
  });
  await fc.assert(property, { seed: SEED, numRuns: 4 * RUNS_COUNT });
});

test('as the name of a file stays in its comment', async () => {
  const plain = await compileText(schema(''), 'x.ts');
  const property = fc.asyncProperty(text, async (parts) => {
    const { outputs } = await compileText(schema(''), parts.join(''));
    for (const [name, code] of outputs) {
      assert.equal(tokensOf(code, false), tokensOf(plain.outputs.get(name)!, false), name);
      assert.not.match(code.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, name);
    }
  });
  await fc.assert(property, { seed: SEED, numRuns: RUNS_COUNT });
});

test.run();
