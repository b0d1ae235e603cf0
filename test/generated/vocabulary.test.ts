/** What generated code refuses of enums, flags, booleans and fixed bytes, and how optional fields come and go. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RPCError } from '../../runtime/wire/errno.js';
import { MALFORMED, Payload } from '../../runtime/wire/payload.js';
import { Random } from '../../runtime/wire/random.js';
import type { CallContext } from '../../runtime/wire/protocol.js';
import { DropMethod, MadeMethod, MaybeMethod, OptionalsMethod, ReleaseMethod, isKINDSErrors } from './kinds/client.js';
import {
  Access,
  Checked,
  Ending,
  ERROR_NAMES,
  Every,
  Gap,
  KINDSErrors,
  Key,
  MadeResp,
  MaybeResp,
  Slot,
  Optionals,
  type CheckedInit,
  type OptionalsInit,
  formatChecked,
  isAccess,
  isEnding,
  isEvery,
  isGap,
  marshalChecked,
  marshalOptionals,
  sizeOptionals,
  unmarshalChecked,
  unmarshalOptionals,
} from './kinds/messages.js';
import { sampleChecked, sampleOptionals } from './kinds/samples.js';
import { dispatchKINDS, failKINDSErrors } from './kinds/server.js';

const CHECKED_BYTES = 48;
const vocabulary = suite('vocabulary');

function checked(change: object): CheckedInit {
  return { ...sampleChecked(new Random(7)), ...change };
}

function write(change: object): Payload {
  const payload = Payload.alloc(CHECKED_BYTES);
  marshalChecked(payload, 0, checked(change));
  return payload;
}

vocabulary('enums and flags are constants with the type of their name', () => {
  const ending: Ending = Ending.Badly;
  const access: Access = Access.Read | Access.Execute;
  assert.equal([ending, access, Gap.Last, Every.Highest], [1, 32769, 4294967295, 2147483648]);
  assert.equal([6, 7, 8, 4294967295].map(isGap), [false, true, false, true]);
  assert.is(new Checked().gap, Gap.First, 'a new message has a value that is allowed');
});

vocabulary('what is none of the numbers is not written, and the field is named', () => {
  const bad: readonly (readonly [field: string, ...values: unknown[]])[] = [
    ['yes', 0, 1, 'true', null, undefined],
    ['ending', 3, -1, 0.5, NaN, '0', null, undefined],
    ['gap', 0, 8, 4294967296],
    ['access', 4, 65536, -1, '1', undefined],
    ['every', 2, 3, 4294967296],
    ['single', '1', null, 1n],
    ['double', '1', undefined],
    ['id', new Uint8Array(15), new Uint8Array(17), 'x', undefined],
  ];
  for (const [field, ...values] of bad) {
    for (const value of values) {
      const fails = (error: Error): boolean => error.message.startsWith(`Checked.${field} must be `);
      assert.throws(() => write({ [field]: value }), fails, `${field}=${String(value)}`);
    }
  }
});

vocabulary('what is none of the numbers is malformed when it is read', () => {
  const good = write({ yes: true, ending: 2, access: 3, gap: 7, every: 1 });
  assert.is(unmarshalChecked(good, 0, CHECKED_BYTES, new Checked()), CHECKED_BYTES);
  const bad = { 0: 2, 1: 3, 2: 4, 4: 8, 11: 0x40 };
  for (const [at, value] of Object.entries(bad)) {
    const payload = Payload.alloc(CHECKED_BYTES);
    payload.bytes.set(good.bytes);
    payload.bytes[Number(at)] = value;
    assert.is(unmarshalChecked(payload, 0, CHECKED_BYTES, new Checked()), MALFORMED, `byte ${at}`);
  }
});

vocabulary('traces show names', () => {
  const text = formatChecked(checked({ yes: true, ending: Ending.Badly, access: Access.Read | Access.Write }));
  assert.match(text, /yes=true, ending=Badly, access=Read\|Write, /u);
  assert.match(formatChecked(checked({ ending: 9 as Ending, access: 4 })), /ending=9, access=0x4, /u);
});

/** The optional fields in their order, with a value each. */
const GIVEN: readonly (readonly [name: keyof OptionalsInit, value: unknown])[] = Object.entries(
  sampleOptionals(Object.assign(new Random(1), { below: (limit: number) => limit - 1 })),
).slice(2) as never;

vocabulary('a message ends before any of its optional fields', () => {
  const samples = Array.from({ length: 400 }, (_, i) => sampleOptionals(new Random(i)));
  const counts = new Set<number>();
  for (const sample of samples) {
    const payload = Payload.alloc(sizeOptionals(sample));
    assert.is(marshalOptionals(payload, 0, sample), payload.capacity);
    const read = new Optionals();
    read.b = 9;
    read.n = [1, 2, 3];
    assert.is(unmarshalOptionals(payload, 0, payload.capacity, read), payload.capacity);
    const given = GIVEN.filter(([name]) => sample[name] !== undefined).length;
    counts.add(given);
    for (const [i, [name]] of GIVEN.entries()) assert.is(Reflect.get(read, name) !== undefined, i < given, name);
  }
  assert.is(counts.size, GIVEN.length + 1, 'every number of optional fields was tried');
});

vocabulary('an optional field after one that is missing is refused', () => {
  const fails = /^Optionals\.b must be given when an optional field after it is, not undefined$/u;
  assert.throws(() => sizeOptionals({ a: 1, text: '', c: 1n }), fails);
  assert.throws(() => sizeOptionals({ a: 1, text: '', v: 1 }), fails);
  assert.is(sizeOptionals({ a: 1, text: '' }), 4);
});

vocabulary('limits of a message hold at both ends', () => {
  const { sizeReq, unmarshalResp, newResp } = OptionalsMethod;
  assert.throws(
    () => sizeReq({ a: 1, text: 'x'.repeat(2000) }),
    /^Optionals's request must be at most 2000 bytes long/u,
  );
  assert.is(sizeReq({ a: 1, text: 'x'.repeat(1996) }), 2000);
  const payload = Payload.alloc(70_000);
  assert.is(unmarshalResp(payload, 0, 8, newResp()), 8);
  assert.is(unmarshalResp(payload, 0, 9, newResp()), MALFORMED);
  const context: CallContext = { donate: () => undefined, signal: new AbortController().signal };
  const handlers = {
    optionals: () => ({ x: 1 }),
    made: () => ({ key: Key(1), keys: Array.from({ length: 9000 }, (_, i) => Key(i)), parts: [] }),
  };
  payload.view.setUint16(0, 1, true);
  assert.is(dispatchKINDS(handlers, 265, payload, 2001, context), -90, 'EMSGSIZE');
  assert.is(dispatchKINDS(handlers, 265, payload, 4, context), 8);
  assert.throws(
    () => dispatchKINDS(handlers, 266, payload, 1, context),
    /^EIO: .*the response has 72012 bytes, and may have 65536$/u,
  );
});

vocabulary('an optional field of 64 bits can be read as a number', () => {
  const message = new Optionals();
  assert.is(message.cNumber, undefined);
  message.c = 2n ** 53n - 1n;
  message.d = -(2n ** 53n - 1n);
  assert.is(message.cNumber, 2 ** 53 - 1);
  assert.is(message.dNumber, -(2 ** 53 - 1));
  message.c = 2n ** 53n;
  message.d = -(2n ** 63n);
  const lost = 'which no number holds exactly; read Optionals';
  assert.throws(
    () => message.cNumber,
    (error: Error) => error instanceof RangeError && error.message.includes(`${lost}.c`),
  );
  assert.throws(
    () => message.dNumber,
    (error: Error) => error instanceof RangeError && error.message.includes(`${lost}.d`),
  );
});

vocabulary('a response says what it makes', () => {
  const resp = new MadeResp();
  resp.key = Key(1);
  resp.keys = [Key(2), Key(3)];
  resp.parts = [4, 5].map((key) => ({ key: Key(key), keys: [Key(key * 10)] })) as never;
  assert.equal(MadeMethod.makes!(resp), [{ by: DropMethod, ids: [1, 2, 3, 4, 40, 5, 50] }]);
  assert.is(OptionalsMethod.makes, undefined);
  const maybe = new MaybeResp();
  maybe.slot = Slot(9);
  assert.equal(MaybeMethod.makes!(maybe), [
    { by: DropMethod, ids: [] },
    { by: ReleaseMethod, ids: [9] },
  ]);
  maybe.key = Key(1);
  maybe.keys = [Key(2), Key(3)];
  assert.equal(MaybeMethod.makes!(maybe)[0]!.ids, [1, 2, 3]);
  assert.equal(DropMethod.closes!.request([1, 2]), { keys: [1, 2] });
  assert.is(DropMethod.closes!.most, 3);
  assert.equal(ReleaseMethod.closes!.request([7]), { slot: 7 });
});

vocabulary('what is a choice, or flags, and what is none', () => {
  for (const value of [0, 1, 2, 3, 32768, 32771]) assert.ok(isAccess(value), String(value));
  for (const value of [4, -1, 1.5, NaN, Infinity, 2 ** 32 + 1, -(2 ** 32) + 1]) assert.not.ok(isAccess(value));
  for (const value of [0, 1, 2 ** 31, 2 ** 31 + 1]) assert.ok(isEvery(value), String(value));
  for (const value of [2, -(2 ** 31), 2 ** 32, NaN]) assert.not.ok(isEvery(value));
  for (const value of [0, 1, 2]) assert.ok(isEnding(value));
  for (const value of [-1, 3, 0.5, NaN]) assert.not.ok(isEnding(value));
});

vocabulary('error codes of the protocol have names', () => {
  assert.is(ERROR_NAMES.get(KINDSErrors.QuotaExceeded), 'QuotaExceeded');
  const busy = (error: RPCError): boolean => {
    assert.is(error.code, 'Busy');
    assert.is(error.errno, -4294967295);
    assert.is(error.message, 'Busy: error 4294967295 of the protocol, handler: try later');
    return isKINDSErrors(error);
  };
  assert.throws(() => failKINDSErrors('Busy', 'try later'), busy);
  for (const other of [new RPCError(2, 'x'), { code: 'Busy' }, null, new RPCError(5, 'x', '', { code: 'toString' })]) {
    assert.not.ok(isKINDSErrors(other));
  }
});

vocabulary.run();
