/**
 * What C's headers say, asked of a compiler for each machine: it only has to compile, so that neither machine has to be
 * here. Answers come as comments in the assembly that it writes, as those of the kernel's own asm-offsets do.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Machine = 'x64' | 'arm64';
export const MACHINES: readonly Machine[] = ['x64', 'arm64'];

const TARGETS: Readonly<Record<Machine, string>> = { x64: 'x86_64', arm64: 'aarch64' };
const HEADERS = [
  'errno.h',
  'fcntl.h',
  'limits.h',
  'poll.h',
  'pthread.h',
  'sched.h',
  'stddef.h',
  'stdio.h',
  'sys/epoll.h',
  'sys/eventfd.h',
  'sys/mman.h',
  'sys/rseq.h',
  'sys/socket.h',
  'sys/stat.h',
  'sys/syscall.h',
  'sys/time.h',
  'sys/un.h',
  'sys/vfs.h',
  'sys/xattr.h',
  'time.h',
  'unistd.h',
  'linux/futex.h',
  'linux/magic.h',
  'linux/netlink.h',
  'linux/sock_diag.h',
  'linux/unix_diag.h',
];
const INCLUDES = ['#define _GNU_SOURCE', ...HEADERS.map((name) => `#include <${name}>`)];

/** The type of a parameter or result, as the calling convention cares. */
export interface Passed {
  readonly isAddress: boolean;
  readonly bytes: number;
  readonly isSigned: boolean;
}

/** How a function is called, as its header declares it; `rest` where it takes any number of arguments more. */
export interface Signature {
  readonly result: Passed;
  readonly parameters: readonly Passed[];
  readonly rest: boolean;
}

/** A compiler that makes code for this machine, or undefined. */
export function findCompiler(machine: Machine): string | undefined {
  const target = TARGETS[machine];
  for (const command of [`${target}-linux-gnu-gcc`, 'gcc']) {
    try {
      const made = execFileSync(command, ['-dumpmachine'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      if (made.startsWith(`${target}-`)) return command;
    } catch {
      // Not there: the next.
    }
  }
  return undefined;
}

/** Compiles lines of C. Returns the assembly and the prototypes of all that is declared. Throws a compiler's words. */
function compile(compiler: string, lines: readonly string[]): { assembly: string; prototypes: string } {
  const folder = mkdtempSync(join(tmpdir(), 'lisafs-abi-'));
  try {
    writeFileSync(join(folder, 'abi.c'), [...INCLUDES, ...lines, ''].join('\n'));
    const args = ['-S', '-w', '-O0', '-aux-info', 'prototypes', '-o', 'abi.s', 'abi.c'];
    execFileSync(compiler, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    const [assembly, prototypes] = ['abi.s', 'prototypes'].map((name) => readFileSync(join(folder, name), 'utf8'));
    return { assembly: assembly!, prototypes: prototypes! };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The values of constant expressions of C; of those that are names of macros, only what the headers define. */
export function evaluate(compiler: string, expressions: readonly string[]): Map<string, bigint> {
  const body = expressions.flatMap((expression, i) => {
    const line = `  __asm__("#abi ${i} %0" : : "i"(${expression}));`;
    return /^[A-Za-z_]\w*$/.test(expression) ? [`#ifdef ${expression}`, line, '#endif'] : [line];
  });
  const { assembly } = compile(compiler, [
    'struct times { struct timespec at[2]; };',
    'void abi(void) {',
    ...body,
    '}',
  ]);
  const said = assembly.matchAll(/#abi (\d+) [$#]?(-?\d+)/g);
  return new Map(Array.from(said, ([, i, value]) => [expressions[Number(i)]!, BigInt(value!)]));
}

/** How these functions are called. One that no header declares is left out. */
export function signatures(compiler: string, names: readonly string[]): Map<string, Signature> {
  const declared = new Map<string, string[]>();
  for (const [, result, name, list] of compile(compiler, []).prototypes.matchAll(
    /extern (.*?)\b(\w+) \((.*)\);(?: *\/\*.*\*\/)?$/gm,
  )) {
    if (names.includes(name!))
      declared.set(
        name!,
        [result!, ...list!.split(',')].map((type) => type.trim()),
      );
  }
  const types = [...new Set([...declared.values()].flat())].filter((type) => type !== '...' && type !== 'void');
  const plain = types.filter((type) => !isAddress(type));
  const asked = plain.flatMap((type) => [`sizeof(${type})`, `((${type})-1 < 0)`]);
  const answers = evaluate(compiler, asked);
  const passed = (type: string): Passed =>
    isAddress(type)
      ? { isAddress: true, bytes: 8, isSigned: false }
      : {
          isAddress: false,
          bytes: Number(answers.get(`sizeof(${type})`)),
          isSigned: answers.get(`((${type})-1 < 0)`) === 1n,
        };
  return new Map(
    Array.from(declared, ([name, [result, ...list]]) => {
      const parameters = list.filter((type) => type !== '...' && type !== 'void').map(passed);
      return [name, { result: passed(result!), parameters, rest: list.includes('...') }];
    }),
  );
}

/** glibc declares the parameter of connect(2) as a union of pointers. */
function isAddress(type: string): boolean {
  return type.includes('*') || type.includes('[') || type.includes('SOCKADDR') || type.startsWith('union');
}
