import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { midName, nearest, show, sizeConstant, stubName } from '../../codegen/names.js';
import { plus } from '../../codegen/view.js';
import { identifiersOf, importLine, runtimeImports } from '../../codegen/imports.js';

const names = suite('names');

names('a stub is the member with its first capitals made small', () => {
  const stubs = ['FStat', 'FStatFS', 'OpenAt', 'PRead', 'FGetXattr', 'Getdents64', 'get', 'readBlock'].map(stubName);
  assert.equal(stubs, ['fstat', 'fstatFS', 'openAt', 'pread', 'fgetXattr', 'getdents64', 'get', 'readBlock']);
});

names('a MID is the member with its first letter made large', () => {
  assert.equal(['get', 'FStat', 'readBlock'].map(midName), ['Get', 'FStat', 'ReadBlock']);
});

names("a size's constant is the type's name in capitals", () => {
  const constants = ['Statx', 'StatxTimestamp', 'FStatFSReq', 'RenameAt2Req', 'StatFS'].map(sizeConstant);
  const expected = [
    'STATX_BYTES',
    'STATX_TIMESTAMP_BYTES',
    'FSTAT_FSREQ_BYTES',
    'RENAME_AT2_REQ_BYTES',
    'STAT_FS_BYTES',
  ];
  assert.equal(constants.slice(0, 2), expected.slice(0, 2));
  assert.equal(constants.slice(3), expected.slice(3));
  assert.match(constants[2]!, /^[A-Z_]+_BYTES$/u);
});

names('nothing hides in a name that is shown', () => {
  assert.is(show('name'), "'name'");
  assert.is(show('n\u0430me\u202e'), "'n\\u{430}me\\u{202e}'");
  assert.is(show('x'.repeat(100)), `'${'x'.repeat(60)}…'`);
});

names('the nearest name is found, and none where none is near', () => {
  assert.is(nearest('u33', ['u8', 'u32', 'u64']), 'u32');
  assert.is(nearest('Staatx', ['Statx', 'StatFS']), 'Statx');
  assert.is(nearest('statx', ['Statx']), 'Statx');
  assert.is(nearest('Xyzzy', ['Statx', 'Str']), undefined);
});

names.run();

const expressions = suite('expressions');

expressions('offsets are added up', () => {
  assert.is(plus('at', 0), 'at');
  assert.is(plus('at', 8), 'at + 8');
  assert.is(plus('at + 8', 4), 'at + 12');
});

expressions.run();

const imports = suite('imports');

imports('what stands in a comment, behind a dot or in quotes is not imported', () => {
  const code = "/* putU8 */ // putU16\nputU32(v, m.putU64, 'putI8'); p as Payload;";
  const expected = "import { putU32, type Payload } from 'wire/payload';\n";
  assert.is(
    runtimeImports(code, (module) => `wire/${module}`),
    expected,
  );
  assert.ok(!identifiersOf(code).has('putU8'));
});

imports('one module for everything is imported once', () => {
  assert.is(
    runtimeImports('class A extends Struct {} joinU64(p as Payload)', () => 'lisafs/wire'),
    "import { Struct, joinU64, type Payload } from 'lisafs/wire';\n",
  );
});

imports('types alone are imported as types', () => {
  assert.is(importLine(['type A', 'type B'], './x.js'), "import type { A, B } from './x.js';\n");
  assert.is(importLine(['type A', 'B'], './x.js'), "import { type A, B } from './x.js';\n");
  assert.is(importLine([], './x.js'), '');
});

imports.run();
