import { inspect } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isPromise } from '../../runtime/wire/answer.js';
import { ByteField } from '../../runtime/wire/bytes.js';
import { Payload } from '../../runtime/wire/payload.js';
import { Empty, Struct, formatEmpty, marshalEmpty, sizeEmpty, unmarshalEmpty } from '../../runtime/wire/struct.js';

class Leaf extends Struct {
  _sizeLow = 5;
  get size(): bigint {
    return 2n ** 64n - 1n;
  }
  protected override fieldNames(): readonly string[] {
    return ['size'];
  }
}

class Tree extends Struct {
  name = '\udcff';
  leaf = new Leaf();
  list = [1n, 2n];
  leaves = [new Leaf()];
  data = new Uint8Array([1, 255]);
  hidden = 1;
  protected override fieldNames(): readonly string[] {
    return ['name', 'leaf', 'list', 'leaves', 'data'];
  }
}

const structs = suite('Struct');

structs('JSON has the fields of the schema, and keeps every integer', () => {
  const size = '18446744073709551615';
  assert.equal(JSON.parse(JSON.stringify(new Tree())), {
    name: '\udcff',
    leaf: { size },
    list: ['1', '2'],
    leaves: [{ size }],
    data: '01ff',
  });
});

structs('is shown with the fields of the schema', () => {
  assert.is(inspect(new Leaf()), 'Leaf { size: 18446744073709551615n }');
  const text = inspect(new Tree(), { breakLength: Infinity });
  assert.match(text, /^Tree \{ name: '.*', leaf: Leaf \{ size: 18446744073709551615n \}, list: \[ 1n, 2n \],/u);
  assert.not.match(text, /hidden|_sizeLow/u);
  assert.match(inspect({ a: { b: { c: new Leaf() } } }, { depth: 2 }), /c: \[Leaf\]/u);
});

structs.run();

const empty = suite('Empty');

empty('takes nothing', () => {
  const payload = Payload.alloc(0);
  assert.is(sizeEmpty({}), 0);
  assert.is(marshalEmpty(payload, 3, {}), 3);
  assert.is(unmarshalEmpty(payload, 3, 3, new Empty()), 3);
  assert.is(formatEmpty({}), '{}');
  assert.is(JSON.stringify(new Empty()), '{}');
});

empty.run();

const promises = suite('isPromise');

promises('tells an answer from a promise of one', () => {
  assert.is(isPromise(Promise.resolve()), true);
  const thenable: unknown = Object.create(Promise.prototype);
  assert.is(isPromise(thenable), true);
  for (const value of [undefined, null, 1, 'then', {}, [], new Empty()]) assert.is(isPromise<unknown>(value), false);
});

promises.run();

const bytes = suite('ByteField');

bytes('keeps its memory for what comes next, and is as long as what came', () => {
  const field = new ByteField();
  const payload = Payload.alloc(8);
  payload.bytes.set([1, 2, 3, 4, 5, 6, 7, 8]);
  assert.is(field.size, 0);
  assert.ok(field.receive(payload, 0, 8));
  const { buffer } = field.value;
  assert.ok(field.receive(payload, 2, 3));
  assert.equal([...field.value], [3, 4, 5]);
  assert.is(field.value.buffer, buffer);
  payload.bytes.fill(0);
  assert.equal([...field.value], [3, 4, 5], "the payload's memory is the peer's");
});

bytes("never writes to memory that it was given as a value's", () => {
  const field = new ByteField();
  const given = new Uint8Array([1, 2, 3]);
  field.value = given;
  const payload = Payload.alloc(2);
  payload.bytes.set([8, 9]);
  field.receive(payload, 0, 2);
  assert.equal([...field.value], [8, 9]);
  assert.equal([...given], [1, 2, 3]);
});

bytes('are shown where they came to who asks for that, and nothing is copied', () => {
  const field = new ByteField();
  field.inPlace();
  const payload = Payload.alloc(8);
  payload.bytes.set([1, 2, 3, 4, 5, 6, 7, 8]);
  assert.ok(field.receive(payload, 2, 3));
  assert.equal([...field.value], [3, 4, 5]);
  payload.bytes[3] = 9;
  assert.equal([...field.value], [3, 9, 5]);
  const shown = field.value;
  assert.ok(field.receive(payload, 2, 3));
  assert.is(field.value, shown, 'a run of the same size is the same object');
  field.into(new Uint8Array(2));
  assert.not(field.receive(payload, 0, 3));
});

bytes.run();
