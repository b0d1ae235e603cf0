/** Raw samples as the bench would have kept them, with figures that can be checked by hand. */

import type { RawCase, RawSide } from '../../bench/results.js';

const MACHINE = {
  cpu: 'Some <cpu> & co',
  cpus: 2,
  kernel: '6.1.0',
  node: 'v20.0.0',
  environment: 'NODE_ENV=production',
  versions: { 'grpc-js': '1.0.0' },
};

export function rawSide(side: string, rounds: readonly number[], more: Partial<RawSide> = {}): RawSide {
  return { side, rounds, calls: 10, ...more };
}

export function rawCase(name: string, sides: readonly RawSide[], more: Partial<RawCase> = {}): RawCase {
  return {
    case: name,
    unit: 'ns',
    date: '2026-01-02T03:04:05.000Z',
    quick: false,
    machine: MACHINE,
    busyPercent: 0,
    sides,
    missing: [],
    ...more,
  };
}
