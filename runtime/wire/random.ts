/** Reproducible random field values for tests of generated code: a seed gives the same message on every machine. */

/** Names and targets that break naive code: empty, dots, long, separators, not UTF-8, beyond the BMP, escaped bytes. */
const AWKWARD_STRINGS = [
  '',
  '.',
  '..',
  'a/b',
  'na\u00efve',
  // Cyrillic, Japanese, an emoji.
  '\u0444\u0430\u0439\u043b',
  '\u540d\u524d',
  '\u{1f600}',
  '\udcff\udc80',
  '\udced\udca0\udc80',
  '\0',
  '%s\n',
];

export class Random {
  #state: bigint;

  constructor(seed: number | bigint) {
    this.#state = BigInt.asUintN(64, BigInt(seed));
  }

  /** The next 64 random bits (SplitMix64: Steele, Lea and Flood 2014). */
  bits64(): bigint {
    this.#state = BigInt.asUintN(64, this.#state + 0x9e3779b97f4a7c15n);
    let z = this.#state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Number(this.bits64() % BigInt(limit));
  }

  /** An unsigned integer of `bits` bits, extremes more often than chance has them. */
  unsigned(bits: number): bigint {
    const max = (1n << BigInt(bits)) - 1n;
    const extremes = [0n, 1n, max, max >> 1n, (max >> 1n) + 1n, max - 1n];
    if (this.below(3) === 0) return extremes[this.below(extremes.length)]!;
    return BigInt.asUintN(bits, this.bits64() >> BigInt(this.below(bits)));
  }

  /** A two's complement integer of `bits` bits, extremes more often than chance has them. */
  signed(bits: number): bigint {
    return BigInt.asIntN(bits, this.unsigned(bits));
  }

  /** A string of at most `limit` bytes on the wire, often an awkward one. */
  string(limit: number): string {
    const awkward = AWKWARD_STRINGS.filter((text) => Buffer.byteLength(text) <= limit);
    if (this.below(3) === 0 && awkward.length > 0) return awkward[this.below(awkward.length)]!;
    const size = this.below(Math.min(limit, this.below(8) === 0 ? 300 : 20) + 1);
    return Array.from({ length: size }, () => String.fromCharCode(32 + this.below(95))).join('');
  }

  /** One of an enum's numbers. */
  choice<T extends number>(names: Readonly<Record<string, T>>): T {
    const values = Object.values(names);
    return values[this.below(values.length)]!;
  }

  /** Some of a set's bits. */
  flags(names: Readonly<Record<string, number>>): number {
    return Object.values(names).reduce((sum, bit) => (this.below(2) === 0 ? sum : sum + bit), 0);
  }

  /** A number of IEEE 754 that `bits` bits hold, often an awkward one. */
  float(bits: 32 | 64): number {
    const awkward = [0, -0, 1, -1, 0.5, Infinity, -Infinity, NaN, 2 ** -149, 2 ** 127, 2 ** -1074, Number.MAX_VALUE];
    const value =
      this.below(3) === 0 ? awkward[this.below(awkward.length)]! : Number(this.signed(53)) / 2 ** this.below(60);
    return bits === 32 ? Math.fround(value) : value;
  }

  /** Exactly `size` random bytes. */
  fixedBytes(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => this.below(256));
  }

  /** At most `limit` random bytes. */
  bytes(limit: number): Uint8Array {
    return Uint8Array.from({ length: this.below(Math.min(limit, 64) + 1) }, () => this.below(256));
  }

  /** `count` is at most `limit`, usually small. */
  list<T>(limit: number, element: () => T): T[] {
    return Array.from({ length: this.below(Math.min(limit, 5) + 1) }, element);
  }
}
