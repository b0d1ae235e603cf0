/** What runtime/os says about the kernel and libc, read from its source text, and evaluated as each machine would. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import type { Machine, Passed, Signature } from './headers.js';

const runtime = fileURLToPath(new URL('../../../runtime/', import.meta.url));

/** The source files of a folder of runtime/, by name. */
function filesOf(folder: string): Map<string, string> {
  const names = readdirSync(`${runtime}${folder}`).filter((name) => name.endsWith('.ts'));
  return new Map(names.sort().map((name) => [name, readFileSync(`${runtime}${folder}/${name}`, 'utf8')]));
}

const os = filesOf('os');
const wire = filesOf('wire');

/** A name with a number in one file. */
export interface Constant {
  readonly file: string;
  readonly name: string;
  readonly value: bigint;
}

/** A place where a member of one of the kernel's structs is read or written. */
export interface Access {
  readonly file: string;
  /** The view, and the offset as it is written: `view CONTROL_AT + 8`. */
  readonly place: string;
  readonly offset: number;
  readonly bytes: number;
}

type Scope = Record<string, unknown>;

function tryEvaluate(expression: string, scope: Scope): unknown {
  try {
    return runInNewContext(expression, { ...scope });
  } catch {
    return undefined;
  }
}

/** What is declared outside of functions with a number for its value, or with true or false. */
function declarations(text: string, machine: Machine): Scope {
  const scope: Scope = { process: { arch: machine } };
  for (const [, name, value] of text.matchAll(/^(?:export )?const (\w+)(?:: \w+)? =\s+([^;]+?)(?: as const)?;$/gm)) {
    const result = tryEvaluate(`(${value})`, scope);
    if (name === 'SYSCALL' || ['number', 'bigint', 'boolean'].includes(typeof result)) scope[name!] = result;
  }
  return scope;
}

function constantsIn(files: Map<string, string>, machine: Machine): Constant[] {
  return Array.from(files).flatMap(([file, text]) =>
    Object.entries(declarations(text, machine)).flatMap(([name, value]) =>
      /^[A-Z][A-Z0-9_]*$/.test(name) && (typeof value === 'number' || typeof value === 'bigint')
        ? [{ file, name, value: BigInt(value) }]
        : [],
    ),
  );
}

/** The upper-case constants with a number for their value. */
export function constants(machine: Machine): Constant[] {
  return constantsIn(os, machine);
}

/** Those of runtime/wire/errno.ts that it does not get from Node. */
export function errnos(): Constant[] {
  const text = wire.get('errno.ts')!;
  const table = /LINUX_NAMES[^=]*= (\{[^}]*\})/.exec(text)?.[1];
  const named = Object.entries(runInNewContext(`(${table})`) as Record<string, string>);
  return [
    ...constantsIn(new Map([['errno.ts', text]]), 'x64'),
    ...named.map(([value, name]) => ({ file: 'errno.ts', name, value: BigInt(value) })),
  ];
}

/** The table of system call numbers. */
export function systemCalls(machine: Machine): Record<string, number> {
  return declarations(os.get('platform.ts')!, machine)['SYSCALL'] as Record<string, number>;
}

const ACCESS =
  /\b(?:(\w*[vV]iew)\.[gs]et(?:Big)?(?:Ui|I)nt(8|16|32|64)|(?<!function )(putPointer|putSize))\(([^,()]+),/g;

/** Every access to a struct of the kernel's. Variables in its offset count as 0. */
export function accesses(machine: Machine): Access[] {
  return Array.from(os).flatMap(([file, text]) => {
    const scope = { ...declarations(text, machine), at: 0, i: 0, index: 0 };
    return Array.from(text.matchAll(ACCESS), ([, view, bits = '64', put, offset]) => ({
      file,
      place: `${view ?? put} ${offset!.trim()}`,
      offset: Number(tryEvaluate(offset!, scope)),
      bytes: Number(bits) / 8,
    }));
  });
}

/** The size of a control message with `count` descriptors, as socket.ts computes it. */
export function controlSize(count: number): number {
  const text = os.get('socket.ts')!;
  const formula = /function controlSize\(count: number\): number \{\s*return ([^;]*);/.exec(text)?.[1];
  return tryEvaluate(String(formula), { ...declarations(text, 'x64'), Math, count }) as number;
}

const SIGNED = { int: 4, long: 8, int64_t: 8 } as Readonly<Record<string, number>>;
const UNSIGNED = { uint32_t: 4, uint64_t: 8, size_t: 8, uintptr_t: 8 } as Readonly<Record<string, number>>;

function passed(type: string): Passed {
  if (type.endsWith('*')) return { isAddress: true, bytes: 8, isSigned: false };
  const plain = type.replace(/^unsigned (?=int|long)/, '');
  const bytes = SIGNED[plain] ?? UNSIGNED[plain];
  if (bytes === undefined) throw new Error(`libc.ts: the test knows no type ${type}`);
  return { isAddress: type === 'uintptr_t', bytes, isSigned: plain === type && type in SIGNED };
}

/** The prototypes that libc.ts gives koffi, by the function's name. */
export function prototypes(): [name: string, signature: Signature][] {
  // A long one is written as the sum of two strings.
  const text = os.get('libc.ts')!.replace(/' \+\s+'/g, '');
  const found = text.matchAll(/'(\w[\w ]*?[ *])(\w+)\(([^)]*)\)'/g);
  return Array.from(found, ([, result, name, list]) => {
    // A parameter is a type and a name; a pointer's star stands by the name.
    const parameters = (list === '' ? [] : list!.split(',')).map((text) => /^(.*?)\w+$/.exec(text.trim())![1]!.trim());
    return [name!, { result: passed(result!.trim()), parameters: parameters.map(passed), rest: false }];
  });
}
