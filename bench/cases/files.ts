/** Calls on a real file in the page cache: ours and gVisor's clients and servers in every pairing. */

import { join } from 'node:path';
import { built, whyNoGofer, whyNotBuilt } from '../build.js';
import { FLOORS } from '../goal-list.js';
import { FILE } from '../ours.js';
import { measure } from '../rounds.js';
import type { SideSpec } from '../side.js';
import { available, type Case, type Outcome } from './case.js';
import type { Effort } from '../rounds.js';

/** The pairings of a client and a server. */
const PAIRINGS = {
  ours: 'ours-directory',
  'ours on runsc': 'ours-gofer',
  'Go on runsc': 'go-gofer',
  'Go on ours': 'go-ours',
} as const;

type Pairing = keyof typeof PAIRINGS;

function why(pairing: Pairing): string | undefined {
  const noGofer = pairing.endsWith('runsc') ? whyNoGofer() : undefined;
  return noGofer ?? (pairing.startsWith('Go') ? whyNotBuilt('client') : undefined);
}

function sideOf(pairing: Pairing, pinned: boolean, args: readonly string[]): SideSpec {
  const flags = pinned ? { pinned, flags: 'both processes: taskset -c 0' } : {};
  return {
    name: pinned ? `${pairing} pinned` : pairing,
    program: PAIRINGS[pairing],
    args,
    countsBytes: pairing.startsWith('ours'),
    ...flags,
  };
}

/** What the same call costs in C, in the kernel and between the cpus. */
function floorOf(name: string, args: readonly string[]): readonly [SideSpec, string | undefined] {
  return [{ name, program: [built('floor'), ...args], countsBytes: false }, whyNotBuilt('floor')];
}

async function run(
  pairings: readonly (readonly [Pairing, boolean])[],
  floor: ReturnType<typeof floorOf>,
  args: readonly string[],
  effort: Effort,
): Promise<Outcome> {
  const sideSpecs = pairings.map(([name, pinned]) => [sideOf(name, pinned, args), why(name)] as const);
  const picked = available([...sideSpecs, floor]);
  const { sides, missing } = await measure({ sides: picked.sides }, effort);
  return { unit: 'ns', sides, missing: [...picked.missing, ...missing] };
}

const both = (pairing: Pairing): (readonly [Pairing, boolean])[] => [
  [pairing, false],
  [pairing, true],
];

export const fstat: Case = {
  name: 'fstat',
  title: 'FStat of a real file over a channel',
  run: (effort, directory) =>
    run(
      [...both('ours'), ...both('Go on runsc'), ...both('ours on runsc'), ...both('Go on ours')],
      floorOf(FLOORS.fstat, ['fstat', join(directory, FILE)]),
      [directory, 'fstat'],
      effort,
    ),
};

const KIB = 1024;

/** The three of the goals, and some in between for the curve. */
export const READ_BYTES = [KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, 1024 * KIB];

export const reads: readonly Case[] = READ_BYTES.map((size) => ({
  name: `read-${size / KIB}KiB`,
  title: `PRead of ${size / KIB} KiB over a channel into the caller's buffer`,
  run: (effort, directory) =>
    run(
      [
        ['ours', false],
        ['Go on runsc', false],
      ],
      floorOf(FLOORS.pread, ['pread', join(directory, FILE), String(size)]),
      [directory, 'read', String(size)],
      effort,
    ),
}));
