/** What the bench has to show: the table of goals, each with what it is computed from. */

interface GoalCommon {
  readonly name: string;
  readonly case: string;
  readonly goal: number;
}

/** Ours and theirs of the same rounds. */
export interface PairedGoal extends GoalCommon {
  /** `faster`: theirs divided by ours is at least the goal. `slower`: ours divided by theirs is at most the goal. */
  readonly kind: 'faster' | 'slower';
  readonly ours: string;
  /** The other side; several: the one with the least median. */
  readonly theirs: string | readonly string[];
  /** In nanoseconds: a median of ours below it meets the goal as well. */
  readonly orBelow?: number;
  /** The least of programs that do the same: whoever asks for more than they reach asks it of the machine. */
  readonly floors?: readonly string[];
  /** What is said beside it: the same ratio of other sides. */
  readonly likewise?: readonly { readonly name: string; readonly ours: string; readonly theirs: string }[];
}

/** A figure of one side by itself. */
export interface FigureGoal extends GoalCommon {
  readonly kind: 'figure' | 'bytes';
  readonly side: string;
  readonly sense: 'at least' | 'at most' | 'less than';
  readonly unit: string;
}

/** The medians of single calls, ours less theirs, in microseconds. */
export interface DifferenceGoal extends GoalCommon {
  readonly kind: 'difference';
  readonly ours: string;
  readonly theirs: string;
}

export type Goal = PairedGoal | FigureGoal | DifferenceGoal;

/** The sides that do no more than hand the turn to and fro: in JavaScript, and in C by what they do besides. */
export const FLOORS = {
  javascript: 'JavaScript, no message',
  turn: 'C',
  work: 'C, 50 ns of work',
  fstat: 'C, fstat(2)',
  pread: 'C, pread(2)',
  wake: 'C, one wake',
  javascriptWake: 'JavaScript, one wake',
} as const;

/** The sides of the case with several callers: where the kernel may move them, and where it may not. */
export const CALLERS = {
  one: '1 caller',
  all: '4 callers',
  slowest: 'slowest of 4 to their mean',
  oneInPlace: '1 caller, in its place',
  allInPlace: '4 callers, in their place',
  oneInC: 'C, 1 caller, in its place',
  allInC: 'C, 4 callers, in their place',
} as const;

const CODEC_PEERS = ['json', 'msgpackr', 'avsc', 'protobufjs', 'protobuf-es', 'flatbuffers', 'capnp'];

function faster(
  name: string,
  of: string,
  ours: string,
  theirs: PairedGoal['theirs'],
  goal: number,
  floors: readonly string[] = [],
): PairedGoal {
  return { name, case: of, kind: 'faster', ours, theirs, goal, floors };
}

/** A null call's, by what it is held against. */
function nullFaster(name: string, theirs: string, goal: number): PairedGoal {
  return faster(`null RPC against ${name}`, 'null', 'ours', theirs, goal, [
    FLOORS.javascript,
    FLOORS.turn,
    FLOORS.work,
  ]);
}

function slower(name: string, of: string, ours: string, theirs: string, goal: number): PairedGoal {
  return { name, case: of, kind: 'slower', ours, theirs, goal };
}

const bytes = (name: string, of: string): FigureGoal => ({
  name,
  case: of,
  kind: 'bytes',
  side: 'ours',
  sense: 'less than',
  goal: 1,
  unit: 'B',
});

export const GOALS: readonly Goal[] = [
  { ...slower('null RPC to C (or under 0.5 us)', 'null', 'ours', FLOORS.turn, 8), orBelow: 500 },
  nullFaster('flipcall, unpinned', 'flipcall', 30),
  nullFaster('flipcall, pinned', 'flipcall pinned', 12),
  faster('FStat against Go on runsc, unpinned', 'fstat', 'ours', 'Go on runsc', 12, [FLOORS.fstat]),
  faster('FStat against Go on runsc, pinned', 'fstat', 'ours', 'Go on runsc pinned', 3, [FLOORS.fstat]),
  nullFaster('grpc-js', 'grpc-js', 300),
  nullFaster('zeromq', 'zeromq', 80),
  nullFaster('MessagePort', 'MessagePort', 30),
  nullFaster('fork IPC', 'fork IPC', 30),
  nullFaster('net', 'net', 30),
  slower('FStat, both ends on one cpu, to Go pinned', 'fstat', 'ours pinned', 'Go on runsc pinned', 1.2),
  slower('FStat, our client on runsc to Go on runsc, unpinned', 'fstat', 'ours on runsc', 'Go on runsc', 1.1),
  slower(
    'FStat, our client on runsc to Go on runsc, pinned',
    'fstat',
    'ours on runsc pinned',
    'Go on runsc pinned',
    1.1,
  ),
  slower('FStat, Go on our server to Go on runsc, unpinned', 'fstat', 'Go on ours', 'Go on runsc', 1.1),
  slower('FStat, Go on our server to Go on runsc, pinned', 'fstat', 'Go on ours pinned', 'Go on runsc pinned', 1.1),
  {
    name: 'async less sync, busy peer',
    case: 'async-busy',
    kind: 'difference',
    ours: 'ours async',
    theirs: 'ours',
    goal: 3,
  },
  faster('async against net, sleeping peer', 'async-sleeping', 'ours async', 'net', 2, [
    'ours',
    FLOORS.javascriptWake,
    FLOORS.wake,
  ]),
  faster('read of 4 KiB against Go on runsc', 'read-4KiB', 'ours', 'Go on runsc', 5, [FLOORS.pread]),
  faster('read of 64 KiB against Go on runsc', 'read-64KiB', 'ours', 'Go on runsc', 2, [FLOORS.pread]),
  faster('read of 1 MiB against Go on runsc', 'read-1024KiB', 'ours', 'Go on runsc', 1.1, [FLOORS.pread]),
  faster('codec, Statx, against the fastest', 'codec-statx', 'ours', CODEC_PEERS, 5),
  faster('codec, Statx after 2^53, against the fastest', 'codec-statx-huge', 'ours', CODEC_PEERS, 5),
  faster('codec, WalkResp of 3, against the fastest', 'codec-walk', 'ours', CODEC_PEERS, 4),
  faster('codec, 100 Dirents, against the fastest', 'codec-dirents', 'ours', CODEC_PEERS, 1.5),
  bytes('codec, Statx, bytes allocated a call', 'codec-statx'),
  bytes('codec, Statx after 2^53, bytes allocated a call', 'codec-statx-huge'),
  {
    name: '4 callers: the slowest to their mean',
    case: 'callers',
    kind: 'figure',
    side: CALLERS.slowest,
    sense: 'at least',
    goal: 0.5,
    unit: '',
  },
  {
    name: '4 callers: their total to one caller alone',
    case: 'callers',
    kind: 'slower',
    ours: CALLERS.one,
    theirs: CALLERS.all,
    goal: 1,
    likewise: [
      { name: 'in their places', ours: CALLERS.oneInPlace, theirs: CALLERS.allInPlace },
      { name: 'there by C', ours: CALLERS.oneInC, theirs: CALLERS.allInC },
    ],
  },
  {
    name: 'generate from the LISAFS schema',
    case: 'generate',
    kind: 'figure',
    side: 'ours',
    sense: 'less than',
    goal: 4000,
    unit: 'ms',
  },
];

/** Of the idle case, what is there to compare with. */
export const IDLE_PEER = 'net';

/** The case of which every other side has this goal: the idle connection, whatever wait strategies there are. */
export const EACH_SIDE: Omit<FigureGoal, 'side'> = {
  name: 'idle connection',
  case: 'idle',
  kind: 'figure',
  sense: 'less than',
  goal: 0.5,
  unit: '% of a cpu',
};
