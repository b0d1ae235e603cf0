import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatDiagnostic } from '../../codegen/compile.js';
import { compileText, errorsOf, outputsOf } from './compiled.js';

const test = suite('hostile schemas');

const NASTY_DOC = 'a */ process.exit(1) /* {{mid}} {{> struct}} ${x} `x` \u2028 alert() \u202e @internal @ts-ignore';

/** What is left of TypeScript without its comments. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/gu, '');
}

/** A description without the docs in it, which are strings there. */
function withoutDocs(text: string): string {
  return text.replace(/\bdoc:\s*(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")/gu, "doc: ''");
}

test('nothing gets out of a doc comment', async () => {
  const doc = NASTY_DOC.replaceAll('*/', '*\\/');
  const plain = 'export interface S { a: u8 }\nexport interface P { get: Message<256, S, Empty> }';
  const documented =
    `/** ${doc} */\nexport interface S {\n  /** ${doc} */\n  a: u8 }\n` +
    `/** ${doc} */\nexport interface P {\n  /** ${doc} */\n  get: Message<256, S, Empty> }`;
  const [expected, outputs] = [await outputsOf(plain), await outputsOf(documented)];
  for (const [name, text] of outputs) {
    const code = (from: string): string =>
      withoutComments(withoutDocs(from)).replace(/,?\s+/gu, '').replaceAll(',', '');
    assert.is(code(text), code(expected.get(name)!), name);
    assert.not.match(text, /[\u2028\u2029\u202e]/u, name);
    assert.not.match(withoutDocs(text), /(?<!\/\*\* )@internal|@ts-ignore/u, name);
  }
});

const BAD_NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'n\u0430me',
  'a b',
  'a-b',
  "x'); process.exit(1); ('",
  'a\\u0062*/',
  '1st',
  '',
  '\u202eevil',
  'delete',
  'x'.repeat(200),
];

test('no hostile name is taken for a field', async () => {
  for (const name of BAD_NAMES) {
    const errors = await errorsOf(`export interface P { get: Message<256, { ${JSON.stringify(name)}: u8 }, Empty> }`);
    assert.is(errors.length, 1, name);
    assert.match(errors[0]!, /^1:42: '/u, name);
    assert.match(errors[0]!, /^[\x20-\x7e…]+$/u, name);
  }
});

test('no hostile name is taken for a message', async () => {
  for (const name of BAD_NAMES) {
    const errors = await errorsOf(`export interface P { ${JSON.stringify(name)}: Message<256, Empty, Empty> }`);
    assert.is(errors.length, 1, name);
    assert.match(errors[0]!, /^1:22: '/u, name);
  }
});

test('no hostile name is taken for a descriptor', async () => {
  for (const name of BAD_NAMES) {
    const errors = await errorsOf(
      `export interface P { a: Message<256, Empty, Empty, Donates<${JSON.stringify(name)}>> }`,
    );
    assert.is(errors.length, 1, name);
    assert.match(errors[0]!, /^1:60: ['"]/u, name);
  }
});

test('no hostile name is taken for a type', async () => {
  for (const name of ['\u0410bc', 'Object', 'Promise', 'Opaque32', 'MID', 'small', 'Empty']) {
    const errors = await errorsOf(
      `export interface ${name} { a: u8 }\nexport interface P { a: Message<256, Empty, Empty> }`,
    );
    assert.is(errors.length, 1, name);
    assert.match(errors[0]!, /^1:1: '/u, name);
  }
});

test('no name is taken of which every protocol makes one that it has already', async () => {
  for (const name of ['Mount', 'Channel']) {
    const schema = `export interface ${name}Method { a: u8 }\nexport interface P { a: Message<256, Empty, Empty> }`;
    assert.equal(await errorsOf(schema), [
      `1:1: '${name}Method' is a name of ${name}, which every protocol has; choose another`,
    ]);
  }
});

test('what uses a struct whose name is refused is not wrong for that', async () => {
  const schema = 'export interface Map { a: u8 }\nexport interface P { a: Message<256, Map, { t: List<Map> }> }';
  assert.is((await errorsOf(schema)).length, 1);
});

test("nothing hides in a file's name where mistakes are told", async () => {
  const { diagnostics } = await compileText('', 'a\u001b[31m\nb\u202e.ts');
  assert.is(formatDiagnostic(diagnostics[0]!).split(' ')[0], 'a?[31m?b?.ts:1:1:');
});

test('a comment speaks to no bundler', async () => {
  const outputs = await outputsOf(
    'export interface P {\n  /** #__NO_SIDE_EFFECTS__ @__PURE__ */\n  a: Message<256, Empty, Empty> }',
  );
  assert.match(outputs.get('client.ts')!, '/** # __NO_SIDE_EFFECTS__ @ __PURE__ */');
});

test('a name in quotes is as good as one without', async () => {
  const quoted = await outputsOf("export interface P { 'get': Message<256, { 'a': u8 }, Empty> }");
  assert.equal([...quoted], [...(await outputsOf('export interface P { get: Message<256, { a: u8 }, Empty> }'))]);
});

test.run();
