/** What changed between two versions of an enum or of a set of flags. */

import type { Rule } from './breaking-rules.js';
import type { Choice, Place } from './ir.js';

/** Tells of a change: its rule, what it is about (`Item.size`), where, and why it breaks what its level says. */
export type Tell = (rule: Rule, subject: string, place: Place, reason: string) => void;

/** Compares by the values, which are all that the wire has; either may have another name by now. */
export function compareChoice(was: Choice, now: Choice, tell: Tell): void {
  const isEnum = now.kind === 'enum';
  for (const member of was.members) {
    const same = now.members.find(({ value }) => value === member.value);
    const subject = `${now.name}.${member.name}`;
    if (same === undefined) {
      const reason = `running peers may still send ${member.value}, which is refused now`;
      tell(isEnum ? 'ENUM_VALUE_REMOVED' : 'FLAG_REMOVED', subject, now.place, reason);
    } else if (same.name === member.name) continue;
    else if (
      [was.members, now.members].some((members, i) =>
        members.some(({ name }) => name === (i === 0 ? same : member).name),
      )
    ) {
      const reason = `${member.value} was '${member.name}': running peers take one for the other`;
      tell('CHOICE_VALUES_SWAPPED', `${now.name}.${same.name}`, same.place, reason);
    } else {
      const reason = `${member.value} was called '${member.name}'; code that says so does not compile`;
      tell('CHOICE_MEMBER_RENAMED', `${now.name}.${same.name}`, same.place, reason);
    }
  }
  for (const member of now.members) {
    if (was.members.some(({ value }) => value === member.value)) continue;
    const reason = `running peers refuse ${member.value}; send it only to those that know it`;
    tell(isEnum ? 'ENUM_VALUE_ADDED' : 'FLAG_ADDED', `${now.name}.${member.name}`, member.place, reason);
  }
}
