/**
 * Every number that runtime/os takes from the kernel's and libc's headers, for both machines, against those headers:
 * constants, system calls, where the members of structs lie, and how functions are called.
 */

import { suite, type Test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluate, findCompiler, MACHINES, signatures, type Machine, type Passed } from './headers.js';
import { accesses, constants, controlSize, errnos, prototypes, systemCalls } from './sources.js';

/** Constants whose names are not C's. All others are macros of the same name. */
const IN_C: Readonly<Record<string, string>> = {
  ALL_WAITERS: 'INT_MAX',
  ANY: '(long)UINT_MAX',
  ADDRESS_BYTES: 'sizeof(struct sockaddr_un)',
  ATTRIBUTES_AT: 'NLMSG_SPACE(sizeof(struct unix_diag_msg))',
  CMSG_HEADER_BYTES: 'CMSG_LEN(0)',
  CONTROLLEN_AT: 'offsetof(struct msghdr, msg_controllen)',
  FLAGS_AT: 'offsetof(struct msghdr, msg_flags)',
  FAMILY_BYTES: 'offsetof(struct sockaddr_un, sun_path)',
  FUTEX_WAITV_BYTES: 'sizeof(struct futex_waitv)',
  MAX_OFFSET: 'LONG_MAX',
  PATH_BYTES: 'PATH_MAX',
  POLLFD_BYTES: 'sizeof(struct pollfd)',
  REQUEST_BYTES: 'NLMSG_SPACE(sizeof(struct unix_diag_req))',
  PROT_READ_WRITE: 'PROT_READ | PROT_WRITE',
  REVENTS_AT: 'offsetof(struct pollfd, revents)',
  RSEQ_BYTES: '__alignof__(struct rseq)',
  RSEQ_SIG: '(long)RSEQ_SIG',
  RSEQ_FLAG_UNREGISTER: '(long)RSEQ_FLAG_UNREGISTER',
  STX_SIZE_AT: 'offsetof(struct statx, stx_size)',
  SUN_PATH_BYTES: 'sizeof(((struct sockaddr_un *)0)->sun_path)',
  UNIX_DIAG_PEER: '(long)UNIX_DIAG_PEER',
  WAITV_MAX_COUNT: 'FUTEX_WAITV_MAX',
};

/** Constants that are ours, and where they come from. */
const OURS: Readonly<Record<string, string>> = {
  ANSWER_BYTES: 'room for an answer with all attributes that are asked for',
  PAGE_BYTES: 'the least page size of both machines; arm64 may have larger ones',
  IOVEC_AT: 'a place in our page',
  DATA_AT: 'a place in our page',
  DATA_BYTES: 'a place in our page',
  CONTROL_AT: 'a place in our page',
  SECOND_US: 'microseconds in a second',
  ROUND_S: 'when our clock begins anew',
  MOST_US: 'the longest yield that is told',
  MOST_STEPS: 'how much larger than the first such memory may have become',
  MASK_BYTES: 'a bit for each of the 8192 cpus that Linux can be built for',
  CALLING_THREAD: 'whom sched_setaffinity(2) takes 0 for',
};

/** Constants that are compared only where the headers are new enough to have them. */
const NEW: Readonly<Record<string, string>> = { SCM_PIDFD: 'Linux 6.5' };

/** System calls whose names are not the kernel's in camelCase. */
const KERNEL_NAMES: Readonly<Record<string, string>> = { futexWaitv: 'futex_waitv' };

/** What lies at each place that is read or written: struct.member, perhaps its upper half. */
const MEMBERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'clock.ts': { 'nowView 0': 'timespec.tv_sec', 'nowView 8': 'timespec.tv_nsec' },
  'futex.ts': {
    'timespecView 0': 'timespec.tv_sec',
    'timespecView 4': 'timespec.tv_sec + 4',
    'timespecView 8': 'timespec.tv_nsec',
    'timespecView 12': 'timespec.tv_nsec + 4',
    'deadlineView 0': 'timespec.tv_sec',
    'deadlineView 4': 'timespec.tv_sec + 4',
    'deadlineView 8': 'timespec.tv_nsec',
    'deadlineView 12': 'timespec.tv_nsec + 4',
    'waitersView at': 'futex_waitv.val',
    'waitersView at + 4': 'futex_waitv.val + 4',
    'waitersView at + 8': 'futex_waitv.uaddr',
    'waitersView at + 12': 'futex_waitv.uaddr + 4',
    'waitersView at + 16': 'futex_waitv.flags',
    'waitersView at + 20': 'futex_waitv.__reserved',
  },
  'inode.ts': {
    'view 0': 'times.at[0].tv_sec',
    'view 8': 'times.at[0].tv_nsec',
    'view 16': 'times.at[1].tv_sec',
    'view 24': 'times.at[1].tv_nsec',
  },
  'memory.ts': {
    'statxView STX_SIZE_AT': 'statx.stx_size',
    'statxView STX_SIZE_AT + 4': 'statx.stx_size + 4',
    'statxView 0': 'statfs.f_type',
  },
  'poll.ts': {
    'view index * POLLFD_BYTES': 'pollfd.fd',
    'view index * POLLFD_BYTES + 4': 'pollfd.events',
    'view index * POLLFD_BYTES + REVENTS_AT': 'pollfd.revents',
    'view REVENTS_AT': 'pollfd.revents',
  },
  'socket.ts': {
    'putPointer 16': 'msghdr.msg_iov',
    'putPointer 24': 'msghdr.msg_iovlen',
    'putPointer 32': 'msghdr.msg_control',
    'putSize CONTROLLEN_AT': 'msghdr.msg_controllen',
    'view CONTROLLEN_AT': 'msghdr.msg_controllen',
    'view FLAGS_AT': 'msghdr.msg_flags',
    'putPointer IOVEC_AT': 'iovec.iov_base',
    'putSize IOVEC_AT + 8': 'iovec.iov_len',
    'putSize CONTROL_AT': 'cmsghdr.cmsg_len',
    'view CONTROL_AT': 'cmsghdr.cmsg_len',
    'view CONTROL_AT + 8': 'cmsghdr.cmsg_level',
    'view CONTROL_AT + 12': 'cmsghdr.cmsg_type',
    'view CONTROL_AT + CMSG_HEADER_BYTES + i * 4': 'cmsghdr.__cmsg_data',
    // While walking through control messages; and putSize and putPointer themselves, which begin likewise.
    'view at': 'cmsghdr.cmsg_len',
    'view at + 4': 'cmsghdr.cmsg_len + 4',
    'view at + 8': 'cmsghdr.cmsg_level',
    'view at + 12': 'cmsghdr.cmsg_type',
    'view at + CMSG_HEADER_BYTES + i * 4': 'cmsghdr.__cmsg_data',
  },
};

/** Where in our page of socket.ts each struct begins. */
const BASES: Readonly<Record<string, string>> = { iovec: 'IOVEC_AT', cmsghdr: 'CONTROL_AT' };

const PACKAGES = "Debian's gcc, libc6-dev, gcc-aarch64-linux-gnu and libc6-dev-arm64-cross";

interface Question {
  /** Where it stands, for the message of a failure. */
  readonly what: string;
  readonly ours: bigint;
  readonly inC: string;
}

function questions(machine: Machine): Question[] {
  const named = [...constants(machine), ...errnos()].filter(({ name }) => !(name in OURS));
  return [
    ...named.map(({ file, name, value }) => ({ what: `${file}: ${name}`, ours: value, inC: IN_C[name] ?? name })),
    ...Object.entries(systemCalls(machine)).map(([name, number]) => ({
      what: `platform.ts: SYSCALL.${name}`,
      ours: BigInt(number),
      inC: `__NR_${KERNEL_NAMES[name] ?? name}`,
    })),
    ...[0, 1, 2, 3, 4, 252, 253].map((count) => ({
      what: `socket.ts: controlSize(${count})`,
      ours: BigInt(controlSize(count)),
      inC: `CMSG_SPACE(${4 * count}) - (${count} ? 0 : CMSG_ALIGN(0))`,
    })),
  ];
}

/** Compares, and names all that differ at once. */
function askAll(compiler: string, asked: readonly Question[]): void {
  const answers = evaluate(
    compiler,
    asked.map(({ inC }) => inC),
  );
  const wrong = asked.flatMap(({ what, ours, inC }) => {
    const theirs = answers.get(inC);
    if (theirs === ours || (theirs === undefined && inC in NEW)) return [];
    return theirs === undefined
      ? [`${what}: no header defines ${inC}; say in test/abi/abi.test.ts what it is in C, or that it is ours`]
      : [`${what} is ${ours}, and ${inC} is ${theirs}`];
  });
  assert.equal(wrong, []);
}

function checkMembers(compiler: string, machine: Machine): void {
  const found = accesses(machine);
  const unknown = found.filter(({ file, place }) => MEMBERS[file]?.[place] === undefined);
  assert.equal(
    unknown.map(({ file, place }) => `${file}: ${place}`),
    [],
    'each place needs its member in test/abi/abi.test.ts',
  );
  const places = new Map(constants(machine).map(({ file, name, value }) => [`${file} ${name}`, Number(value)]));
  const asked = found.flatMap(({ file, place, offset, bytes }) => {
    const [, struct, member, half = '0'] = /^(\w+)\.([^ ]+)(?: \+ (\d))?$/.exec(MEMBERS[file]![place]!)!;
    const base = BASES[struct!];
    const from = base !== undefined && place.includes(base) ? places.get(`${file} ${base}`)! : 0;
    const size = member === '__cmsg_data' ? '4' : `sizeof(((struct ${struct} *)0)->${member})`;
    const what = `${file}: ${place}`;
    return [
      { what, ours: BigInt(offset - from), inC: `offsetof(struct ${struct}, ${member}) + ${half}` },
      {
        what: `${what}, its size`,
        ours: 1n,
        inC: bytes === 4 ? `${size} == 4 || ${size} == 8` : `${size} == ${bytes}`,
      },
    ];
  });
  assert.ok(asked.length > 20, 'the places are found in the sources');
  askAll(compiler, asked);
}

function describe({ isAddress, bytes, isSigned }: Passed): string {
  return isAddress ? 'an address' : `${isSigned ? 'signed' : 'unsigned'}, ${bytes} bytes`;
}

/** True if a value of our type is passed just as one of theirs. */
function isPassedAs(ours: Passed, theirs: Passed): boolean {
  return describe(ours) === describe(theirs);
}

/** The system call behind syscall(2) takes whole registers. Other functions' optional parameters have types. */
function checkRest(name: string, { bytes }: Passed, i: number): string[] {
  return name === 'syscall' && bytes !== 8 ? [`${name}: parameter ${i + 1} is a register, 8 bytes`] : [];
}

function checkPrototypes(compiler: string): void {
  const ours = prototypes();
  assert.ok(ours.length > 20, 'the prototypes are found in libc.ts');
  const theirs = signatures(
    compiler,
    ours.map(([name]) => name),
  );
  const wrong = ours.flatMap(([name, { result, parameters }]) => {
    const real = theirs.get(name);
    if (real === undefined) return [`no header declares ${name}`];
    const complaints = parameters.flatMap((parameter, i) => {
      const other = real.parameters[i];
      if (other === undefined && real.rest) return checkRest(name, parameter, i);
      if (other === undefined) return [`${name} has ${real.parameters.length} parameters`];
      return isPassedAs(parameter, other) ? [] : [`${name}: parameter ${i + 1} is ${describe(other)}`];
    });
    if (parameters.length < real.parameters.length) complaints.push(`${name} has ${real.parameters.length} parameters`);
    // An address that is looked at as a number, so that -1 is seen.
    const sameResult = isPassedAs(result, real.result) || (real.result.isAddress && result.bytes === 8);
    return sameResult ? complaints : [...complaints, `${name} returns ${describe(real.result)}`];
  });
  assert.equal(wrong, []);
}

/** Registers a test that needs a compiler: without one it is skipped in words, and under CI it fails. */
function needing(compiler: string | undefined, machine: Machine, abi: Test): (name: string, body: () => void) => void {
  if (compiler !== undefined) return (name, body) => abi(name, body);
  const reason = `no compiler for ${machine}; install ${PACKAGES}`;
  if (process.env['CI']) {
    return (name) =>
      abi(name, () => {
        throw new Error(`under CI there must be one: ${reason}`);
      });
  }
  console.log(`skipped: ${reason}`);
  return (name, body) => abi.skip(name, body);
}

for (const machine of MACHINES) {
  const abi = suite(`headers of ${machine}`);
  const compiler = findCompiler(machine);
  const test = needing(compiler, machine, abi);

  test('have our constants and system calls', () => askAll(compiler!, questions(machine)));
  test('have our structs', () => checkMembers(compiler!, machine));
  test('have our prototypes', () => checkPrototypes(compiler!));
  test('leave room in the page of socket.ts', () => {
    const place = new Map(constants(machine).map(({ name, value }) => [name, value]));
    const [iovec, data, control, page] = ['IOVEC_AT', 'DATA_AT', 'CONTROL_AT', 'PAGE_BYTES'].map((name) =>
      place.get(name)!,
    );
    const fits = [
      `sizeof(struct msghdr) <= ${iovec}`,
      `${iovec} + sizeof(struct iovec) <= ${data}`,
      `${data} + ${place.get('DATA_BYTES')} <= ${control}`,
      `${control} + CMSG_SPACE(4 * 253) <= ${page}`,
    ];
    assert.equal(Array.from(evaluate(compiler!, fits).values()), [1n, 1n, 1n, 1n]);
  });

  abi.run();
}
