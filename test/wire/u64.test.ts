import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  checkI64,
  checkU64,
  highHalf,
  joinI64,
  joinNumber,
  joinOpaque,
  joinU64,
  lowHalf,
  splitI64,
  splitU64,
} from '../../runtime/wire/u64.js';

const MAX_U64 = 2n ** 64n - 1n;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX_U64 }),
  fc.constantFrom(0n, 1n, 2n ** 32n, 2n ** 32n - 1n, MAX_SAFE, MAX_SAFE + 1n, 2n ** 63n, MAX_U64),
  fc.constantFrom(MAX_U64 - MAX_SAFE, MAX_U64 - MAX_SAFE + 1n, MAX_U64 - MAX_SAFE + 2n),
);
const i64 = u64.map((value) => BigInt.asIntN(64, value));

/** A value's halves as they are read from a payload. */
function halves(value: bigint): [low: number, high: number] {
  return [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
}

const join = suite('join');

join('unsigned and signed values are what their halves say', () => {
  fc.assert(fc.property(u64, (value) => assert.is(joinU64(...halves(value)), value)));
  fc.assert(fc.property(i64, (value) => assert.is(joinI64(...halves(value)), value)));
});

join('a half may be given signed or unsigned', () => {
  assert.is(joinU64(0xffffffff, 0xffffffff), MAX_U64);
  assert.is(joinU64(-1, -1), MAX_U64);
  assert.is(
    joinNumber(-1, 0, () => assert.unreachable()),
    0xffffffff,
  );
});

join('a number is given where one is exact, and else refused by the name', () => {
  const unsafe = /^Resp\.off is -?\d+, which no number holds exactly; read Resp\.off itself, a bigint$/u;
  const check = (value: bigint, checkRange: (low: number, high: number, field: string) => void): void => {
    const [low, high] = halves(value);
    const read = (): number => joinNumber(low, high, (...parts) => checkRange(...parts, 'Resp.off'));
    if (Number.isSafeInteger(Number(value))) assert.is(read(), Number(value));
    else assert.throws(read, unsafe);
  };
  fc.assert(fc.property(u64, (value) => check(value, checkU64)));
  fc.assert(fc.property(i64, (value) => check(value, checkI64)));
});

join('an identifier has one form, whatever it is', () => {
  fc.assert(
    fc.property(u64, (value) => {
      assert.is(joinOpaque(...halves(value)), value <= MAX_SAFE ? Number(value) : value);
    }),
  );
});

join.run();

const split = suite('split');

split('numbers and bigints of one value have one pair of halves', () => {
  fc.assert(
    fc.property(u64, (value) => {
      splitU64(value, 'x');
      assert.equal([lowHalf(), highHalf()], halves(value));
      if (value > MAX_SAFE) return;
      splitU64(Number(value), 'x');
      assert.equal([lowHalf(), highHalf()], halves(value));
    }),
  );
  fc.assert(
    fc.property(i64, (value) => {
      splitI64(value, 'x');
      assert.equal([lowHalf(), highHalf()], halves(value));
      if (!Number.isSafeInteger(Number(value))) return;
      splitI64(Number(value), 'x');
      assert.equal([lowHalf(), highHalf()], halves(value));
    }),
  );
});

split('what is no such integer is refused by its name', () => {
  for (const value of [-1, -1n, MAX_U64 + 1n, 0.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => splitU64(value, 'Req.size'), /^Req\.size must be an integer from 0 to 2\^64-1/u);
  }
  for (const value of [2n ** 63n, -(2n ** 63n) - 1n, 0.5, NaN, -Infinity, -(2 ** 53)]) {
    assert.throws(() => splitI64(value, 'Req.size'), /^Req\.size must be an integer from -2\^63 to 2\^63-1/u);
  }
  for (const value of ['1', null, undefined, {}]) {
    for (const each of [splitU64, splitI64]) {
      assert.throws(
        () => Reflect.apply(each, undefined, [value, 'Req.size']),
        /^Req\.size must be a number or a bigint/u,
      );
    }
  }
});

split('a number that may have been rounded is told to be a bigint', () => {
  assert.throws(() => splitU64(2 ** 53, 'x'), /and a bigint beyond 2\^53-1, not 9007199254740992$/u);
  assert.throws(() => splitI64(-(2 ** 60), 'x'), /and a bigint beyond 2\^53-1, not -1152921504606847000$/u);
});

split.run();
