/** The types that the tests of generated code go through. */

import { CODECS as EXTENSIONS } from '../../generated/extensions/samples.js';
import { CODECS as LISAFS } from '../../generated/lisafs/samples.js';
import { CODECS as LISAFS_2021 } from '../../generated/lisafs-2021/samples.js';
import type { Codec } from '../../runtime/wire/codec.js';
import { Payload } from '../../runtime/wire/payload.js';
import { CODECS as KINDS } from './kinds/samples.js';

export const PROTOCOLS: readonly (readonly [name: string, codecs: readonly Codec[]])[] = [
  ['lisafs', LISAFS],
  ['lisafs-2021', LISAFS_2021],
  ['extensions', EXTENSIONS],
  ['kinds', KINDS],
];

/** Every type of every protocol. */
export const ALL_CODECS: readonly (readonly [name: string, codec: Codec])[] = PROTOCOLS.flatMap(([name, codecs]) =>
  codecs.map((codec) => [`${name} ${codec.name}`, codec] as const),
);

/** The seed of this run's samples: another one each time, and given by SEED to repeat a run. */
export const SEED = Number(process.env['SEED'] ?? Date.now());

/** Its bytes, in a payload of just that size whose every byte had another value before. */
export function marshalled(codec: Codec, m: object): Payload {
  const size = codec.size(m);
  const payload = Payload.alloc(size);
  payload.bytes.fill(0xa5);
  codec.marshal(payload, 0, m);
  return payload;
}

/** Names of a codec's fields that hold 64-bit integers. */
export function wideFields(codec: Codec): string[] {
  const object = codec.create();
  return Object.keys(object.toJSON()).filter((name) => typeof Reflect.get(object, name) === 'bigint');
}

/** A payload that counts how often each of its bytes is read, and refuses to be read outside of `from` and `to`. */
export class CountingPayload extends Payload {
  readonly reads: number[];
  from = 0;
  to: number;

  constructor(source: Payload) {
    const copy = new ArrayBuffer(source.capacity);
    super(copy, 0, source.capacity);
    this.bytes.set(source.bytes);
    this.reads = Array.from({ length: source.capacity }, () => 0);
    this.to = source.capacity;
    Object.defineProperty(this, 'view', { value: this.#countingView(this.view) });
    Object.defineProperty(this, 'bytes', { value: this.#countingBytes(this.bytes) });
  }

  #count(at: number, size: number): void {
    for (let i = at; i < at + size; i++) {
      if (i < this.from || i >= this.to) throw new Error(`byte ${i} is read, outside of ${this.from} to ${this.to}`);
      this.reads[i]!++;
    }
  }

  #countingView(view: DataView): DataView {
    return new Proxy(view, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name, target);
        const bits = /^get\D+(\d+)$/u.exec(String(name))?.[1];
        if (typeof method !== 'function') return method;
        return (at: number, ...rest: unknown[]): unknown => {
          if (bits !== undefined) this.#count(at, Number(bits) / 8);
          return Reflect.apply(method, target, [at, ...rest]);
        };
      },
    });
  }

  #countingBytes(bytes: Buffer): Buffer {
    return new Proxy(bytes, {
      get: (target, name) => {
        if (typeof name === 'string' && /^\d+$/u.test(name)) this.#count(Number(name), 1);
        if (name !== 'copy') return Reflect.get(target, name, target);
        return (into: Uint8Array, at: number, from: number, to: number): number => {
          this.#count(from, to - from);
          return target.copy(into, at, from, to);
        };
      },
    });
  }
}
