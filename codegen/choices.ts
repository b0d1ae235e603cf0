/** The parts of a schema that give numbers names: enums, flags and error codes. */

import { constants } from 'node:os';
import type { Choice, ChoiceMember, ErrorCodes, Place } from './ir.js';
import { show, wrongConstant } from './names.js';
import type { AliasSyntax, MemberSyntax, TypeSyntax } from './syntax.js';

type Report = (place: Place, message: string) => undefined;

const FIRST_CODE = 4096;
const MAX_U32 = 0xffff_ffff;

/** Linux's errors have their codes, and a code without a name is shown as `E4096`. */
const ERROR_NAMES: ReadonlySet<string> = new Set(Object.keys(constants.errno));

/** True for an alias that declares names of numbers, and is resolved here. */
export function isChoice({ type }: AliasSyntax): boolean {
  return type.kind === 'name' && (type.name === 'Enum' || type.name === 'Flags');
}

export function isErrorCodes({ type }: AliasSyntax): boolean {
  return type.kind === 'name' && type.name === 'Errors';
}

/** What `Enum<u8, { … }>` or `Flags<u32, { … }>` declares; members that are wrong are reported and left out. */
export function choiceOf(alias: AliasSyntax, report: Report): Choice {
  const { name, doc, place, type } = alias;
  const word = type.kind === 'name' && type.name === 'Flags' ? 'flags' : 'enum';
  const args = type.kind === 'name' ? type.args : [];
  const example = word === 'enum' ? 'Enum<u8, { Red: 0; Green: 1 }>' : 'Flags<u32, { Read: 1; Write: 2 }>';
  const match = /^u(8|16|32)$/u.exec(args[0]?.text ?? '');
  const bits = match === null ? 32 : (Number(match[1]) as 8 | 16 | 32);
  if (match === null || args.length !== 2 || args[1]?.kind !== 'object') {
    report(type.place, `${show(name)} needs a u8, u16 or u32 and its names; write ${example}`);
    return { kind: word, name, doc, place, bits, members: [] };
  }
  const members = membersOf(args[1].members, { least: word === 'flags' ? 1 : 0, most: 2 ** bits - 1 }, report);
  if (members.length === 0 && args[1].members.length === 0)
    report(args[1].place, `there is nothing in it; write ${example}`);
  if (word === 'flags') {
    for (const { name: member, value, place: at } of members) {
      if ((value & (value - 1)) === 0) continue;
      report(at, `${show(member)} is ${value}, which is more than one bit; write a power of two`);
    }
  }
  return { kind: word, name, doc, place, bits, members };
}

/** What `Errors<{ … }>` declares. */
export function errorCodesOf(alias: AliasSyntax, report: Report): ErrorCodes {
  const { name, doc, place, type } = alias;
  const [list, ...more] = type.kind === 'name' ? type.args : [];
  if (list?.kind !== 'object' || more.length > 0 || list.members.length === 0) {
    report(type.place, `${show(name)} needs names of codes; write Errors<{ QuotaExceeded: ${FIRST_CODE} }>`);
    return { name, doc, place, members: [] };
  }
  const members = membersOf(list.members, { least: FIRST_CODE, most: MAX_U32 }, report);
  for (const { name: code, place: at } of members) {
    if (!ERROR_NAMES.has(code) && !/^E\d+$/u.test(code)) continue;
    report(at, `${show(code)} is what another error is called already; choose a name of your own, as in 'NotFound'`);
  }
  return { name, doc, place, members };
}

function membersOf(
  syntax: readonly MemberSyntax[],
  range: { readonly least: number; readonly most: number },
  report: Report,
): ChoiceMember[] {
  const members: ChoiceMember[] = [];
  for (const { place, name, doc, type, optional, wrong } of syntax) {
    if (wrong !== undefined) {
      report(place, name === '' ? wrong : `${show(name)} ${wrong}`);
      continue;
    }
    if (optional) report(place, `${show(name)} is there or not there; drop the question mark`);
    const wrongName = wrongConstant(name);
    if (wrongName !== undefined) report(place, `${show(name)} ${wrongName}`);
    const value = valueOf(name, type!, range, report);
    if (value === undefined || wrongName !== undefined) continue;
    const twin = members.find((member) => member.name === name || member.value === value);
    if (twin === undefined) members.push({ name, doc, value, place });
    else if (twin.name === name) report(place, `${show(name)} is there already (line ${twin.place.line}); rename one`);
    else report(place, `${show(name)} has the value of '${twin.name}' (line ${twin.place.line}); give it its own`);
  }
  return members;
}

function valueOf(
  name: string,
  type: TypeSyntax,
  { least, most }: { readonly least: number; readonly most: number },
  report: Report,
): number | undefined {
  if (type.kind === 'number' && Number.isInteger(type.value) && type.value >= least && type.value <= most) {
    return type.value;
  }
  return report(
    type.place,
    `${show(name)} has a whole number from ${least} to ${most}, not ${show(type.text)}; write one`,
  );
}
