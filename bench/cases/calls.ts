/** A call that does nothing: ours, C's floor, gVisor's flipcall, and what Node and its packages offer. */

import { built, C_FLAGS, whyNotBuilt } from '../build.js';
import { FLOORS } from '../goal-list.js';
import { measure, type RoundsSpec } from '../rounds.js';
import type { SideSpec } from '../side.js';
import { available, type Case } from './case.js';

const OURS_SYNC: SideSpec = { name: 'ours', program: 'ours-ping', args: ['sync'], flags: 'pingSync()' };
const OURS_ASYNC: SideSpec = { name: 'ours async', program: 'ours-ping', args: ['async'], flags: 'await ping()' };
const NET: SideSpec = { name: 'net', program: 'net', flags: 'Unix socket, 1 byte, client reads with onread' };

const NODE_PEERS: readonly SideSpec[] = [
  { name: 'MessagePort', program: 'message-port', flags: 'to a worker thread; postMessage(0)' },
  { name: 'fork IPC', program: 'fork', flags: 'serialization: json; send(0)' },
  NET,
  { name: 'zeromq', program: 'zeromq', flags: 'PAIR over ipc://, an empty message' },
  { name: 'grpc-js', program: 'grpc', flags: 'unary over unix:, no TLS, empty messages, no serializer' },
];

const native = { countsBytes: false } as const;

function nullCallSides(): ReturnType<typeof available<SideSpec>> {
  const [noFloor, noFlipcall] = [whyNotBuilt('floor'), whyNotBuilt('flipcall')];
  const flipcall = [built('flipcall')] as const;
  return available([
    [OURS_SYNC],
    [{ name: FLOORS.javascript, program: 'js-floor', flags: 'compare-and-swap at both ends' }],
    [{ name: FLOORS.turn, program: [built('floor')], flags: `gcc ${C_FLAGS.join(' ')}`, ...native }, noFloor],
    // As JavaScript has to do it: with something to do in between, and no way to look gently but to look late.
    [{ name: FLOORS.work, program: [built('floor'), 'work', '50', 'no-pause', 'late', '115'], ...native }, noFloor],
    [{ name: 'flipcall', program: flipcall, flags: 'SendRecvFast(4)', ...native }, noFlipcall],
    [{ name: 'flipcall pinned', program: flipcall, pinned: true, flags: 'taskset -c 0', ...native }, noFlipcall],
    [OURS_ASYNC],
    ...NODE_PEERS.map((side) => [side] as const),
  ]);
}

/** The peer is woken by futex(2); its caller stays awake. */
function oneWake(): readonly (readonly [SideSpec, string | undefined])[] {
  const flags = 'FUTEX_WAKE; the caller spins';
  return [
    [{ name: FLOORS.wake, program: [built('floor')], flags, ...native }, whyNotBuilt('floor')],
    [{ name: FLOORS.javascriptWake, program: 'js-floor', args: ['asleep'], flags }, undefined],
  ];
}

async function run(
  spec: Omit<RoundsSpec, 'sides'>,
  picked: ReturnType<typeof available<SideSpec>>,
  effort: Parameters<typeof measure>[1],
) {
  const { sides, missing } = await measure({ ...spec, sides: picked.sides }, effort);
  return { unit: 'ns' as const, sides, missing: [...picked.missing, ...missing] };
}

export const nullCall: Case = {
  name: 'null',
  title: 'a call that does nothing, there and back',
  run: (effort) => run({ timesCalls: true }, nullCallSides(), effort),
};

export const asyncBusy: Case = {
  name: 'async-busy',
  title: 'a call that does nothing, awaited, to a peer that was just busy',
  run: (effort) => run({ timesCalls: true }, available([[OURS_SYNC], [OURS_ASYNC]]), effort),
};

const MANY = '16';

/** In callbacks where there is no promise. */
function manyCallSides(): readonly SideSpec[] {
  const ours = { name: 'ours async', program: 'ours-ping', args: ['many', MANY], flags: 'await ping() in 16 places' };
  const theirs = NODE_PEERS.filter(({ program }) => ['message-port', 'net', 'grpc'].includes(String(program)));
  return [ours, ...theirs.map((side) => ({ ...side, args: [MANY] }))];
}

export const asyncMany: Case = {
  name: 'async-many',
  title: `calls that do nothing, ${MANY} of them under way at once: the time for each`,
  run: (effort) => run({}, available(manyCallSides().map((side) => [side])), effort),
};

export const asyncSleeping: Case = {
  name: 'async-sleeping',
  title: 'a call that does nothing, awaited, after a pause in which both sides fell asleep',
  run: (effort) => run({ paced: true }, available([[OURS_ASYNC], [OURS_SYNC], [NET], ...oneWake()]), effort),
};
