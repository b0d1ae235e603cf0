/** The store itself: a map, and a file that it is made anew from. It knows nothing of LISAFS. */

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

export interface Entry {
  readonly version: bigint;
  readonly value: Uint8Array;
}

export class Store {
  readonly entries = new Map<string, Entry>();
  readonly #log: number;

  constructor(readonly file: string) {
    for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
      // The last line may be cut short, by a server that was killed.
      if (!line.endsWith(']')) continue;
      const [key, version, value] = JSON.parse(line) as [string, string, string];
      this.entries.set(key, { version: BigInt(version), value: Buffer.from(value, 'base64') });
    }
    this.#log = openSync(file, 'a');
    writeSync(this.#log, '\n');
  }

  /** Writes first to the file, then to the map: what was answered is not lost. */
  put(key: string, value: Uint8Array): Entry {
    const version = (this.entries.get(key)?.version ?? 0n) + 1n;
    // The request is used anew for the next one: what is kept of it is a copy.
    const entry = { version, value: Uint8Array.from(value) };
    writeSync(this.#log, `${JSON.stringify([key, String(version), Buffer.from(value).toString('base64')])}\n`);
    fsyncSync(this.#log);
    this.entries.set(key, entry);
    return entry;
  }

  close(): void {
    closeSync(this.#log);
  }
}
