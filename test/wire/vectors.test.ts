import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LISAFS } from '../../generated/lisafs/index.js';
import { CODECS } from '../../generated/lisafs/samples.js';
import { runVectors } from '../vectors.js';
import { GVISOR_TYPES } from './gvisor-types.js';
import { checkVector } from './vector.js';

const FILE = new URL('../../../test/vectors/gvisor.jsonl', import.meta.url);

const test = suite('vectors');

test("gVisor's vectors hold", () => {
  const lines: string[] = [];
  const status = runVectors(readFileSync(FILE, 'utf8'), (line) => lines.push(line));
  assert.equal(lines, ['128 passed, 0 failed']);
  assert.is(status, 0);
});

test('any change of a byte is noticed', () => {
  const lines = readFileSync(FILE, 'utf8').trim().split('\n');
  for (const line of lines) {
    const vector: { hex: string } = JSON.parse(line);
    if (vector.hex === '') continue;
    const first = (parseInt(vector.hex.slice(0, 2), 16) ^ 1).toString(16).padStart(2, '0');
    const wrong = checkVector(JSON.stringify({ ...vector, hex: first + vector.hex.slice(2) }));
    assert.type(wrong, 'string', line.slice(0, 100));
  }
});

test('one byte too many or too few is noticed', () => {
  const vector = { case: 'req', type: 'StatReq', mid: 3, fields: { FD: '1' }, size: 9 };
  assert.is(checkVector(JSON.stringify({ ...vector, hex: '010000000000000000' })), 'StatReq: has size 8 here, not 9');
  assert.is(
    checkVector(JSON.stringify({ ...vector, hex: '0100000000000000' })),
    'StatReq: says size 9, and its hex has 8 bytes',
  );
});

test('a difference is told with its place', () => {
  const line = JSON.stringify({ case: 'req', type: 'StatReq', mid: 3, fields: { FD: '258' }, hex: '0202000000000000' });
  const bytes = 'encodes differently from byte 1 on: 01000000000000 here, not 02000000000000';
  assert.is(checkVector(line), `StatReq: ${bytes}`);
});

test('bad lines are failures, not crashes', () => {
  const lines: string[] = [];
  const text = [
    '{',
    '[]',
    '{"type":"Nonsense","hex":""}',
    '{"type":"StatReq","hex":"0"}',
    '{"type":"StatReq","fields":{"FD":"x"},"hex":""}',
    '{"type":"StatReq","fields":{"Foo":1,"FD":0},"hex":"0000000000000000"}',
    '{"type":"StatReq","case":"req","mid":4,"fields":{"FD":0},"hex":"0000000000000000"}',
    '{"type":"StatReq","fields":{"FD":"18446744073709551616"},"hex":"0000000000000000"}',
    '{"fields":{},"hex":""}',
    '{"type":"PReadResp","fields":{"NumBytes":"3","Buf":{"hex":"00"}},"hex":"010000000000000000"}',
  ].join('\n');
  assert.is(
    runVectors(text, (line) => lines.push(line)),
    1,
  );
  assert.match(lines[0]!, /^line 1: vector: is not JSON \(/u);
  assert.equal(lines.slice(1, 3), ['line 2: vector: the line is not an object', 'line 3: Nonsense: unknown type']);
  assert.equal(lines.slice(3, 7), [
    `line 4: StatReq: 'hex' is not hexadecimal digits: "0"`,
    `line 5: StatReq: 'FD' is not an integer: "x"`,
    `line 6: StatReq: has no field 'foo'`,
    'line 7: StatReq: belongs to 3 req, not to 4 req',
  ]);
  assert.match(lines[7]!, /^line 8: StatReq: .*18446744073709551616/u);
  assert.equal(lines.slice(8), [
    "line 9: vector: has no 'type'",
    'line 10: PReadResp: says NumBytes 3, and Buf has 1 bytes',
    '0 passed, 10 failed',
  ]);
});

test('values may be written in more than one way', () => {
  const max = 'ffffffffffffffff';
  const good = [
    `{"type":"StatReq","fields":{"FD":18446744073709551615},"hex":"${max}"}`,
    `{"type":"StatReq","fields":{"FD":"0xffffffffffffffff"},"hex":"${max.toUpperCase()}"}`,
    `{"type":"FStatReq","fields":{"fd":"18446744073709551615"},"hex":"${max}"}`,
    '{"type":"CloseReq","fields":{"FDs":null},"hex":"0000"}',
    '{"type":"MkdirAtReq","fields":{"createCommon":{"DirFD":1},"Name":{"hex":"ff"}},' +
      '"hex":"0100000000000000000000000000000000000000000000000100ff"}',
    '{"type":"RenameAt2Resp","case":"resp","mid":33,"fields":{},"size":0,"hex":""}',
    '{"type":"ConnectWithCredsResp","case":"resp","mid":32,"hex":""}',
    '{"type":"PWriteReq","fields":{"Buf":[1,2],"NumBytes":2},"hex":"00000000000000000000000000000000020000000102"}',
  ];
  for (const line of good) assert.is(checkVector(line), undefined, line);
});

test('a long string and a long list hold', () => {
  const name = 'x'.repeat(65535);
  const hex = `ffff${Buffer.from(name).toString('hex')}`;
  assert.is(checkVector(JSON.stringify({ type: 'ReadLinkAtResp', fields: { Target: name }, hex })), undefined);
  const fds = Array.from({ length: 65535 }, () => '18446744073709551615');
  const list = `ffff${'ff'.repeat(8 * 65535)}`;
  assert.is(checkVector(JSON.stringify({ type: 'FdArrayMsg', fields: { Value: fds }, hex: list })), undefined);
});

test('the table has every message, request and response, and every field', () => {
  const messages = Object.values(GVISOR_TYPES).flatMap((type) => type.messages ?? []);
  for (const mid of LISAFS.names.keys()) {
    if (mid > 0) assert.ok(messages.includes(`${mid} req`), `${mid} req`);
    assert.ok(messages.includes(`${mid} resp`), `${mid} resp`);
  }
  for (const codec of CODECS) {
    const types = Object.values(GVISOR_TYPES).filter((type) => type.codec === codec.name);
    const fields = new Set(types.flatMap((type) => Object.values(type.fields).map(([own]) => own)));
    const donated = Object.entries(codec.create()).flatMap(([name, value]) => (value === undefined ? [name] : []));
    const all = Object.keys(codec.create().toJSON()).filter((name) => !donated.includes(name));
    assert.equal([...fields].sort(), all.sort(), codec.name);
  }
});

test.run();
