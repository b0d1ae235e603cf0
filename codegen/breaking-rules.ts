/** The rules by which two versions of a schema are compared. docs/breaking.md says what each means and what to do. */

/** What a change breaks: peers that run, code that is compiled against what is generated, or nothing. */
export type Level = 'wire' | 'source' | 'none';

export const RULES = {
  PROTOCOL_RENAMED: 'wire',
  MESSAGE_REMOVED: 'wire',
  MID_CHANGED: 'wire',
  MID_REUSED: 'wire',
  CONTENT_ADDED: 'wire',
  CONTENT_REMOVED: 'wire',
  FIELD_ADDED: 'wire',
  FIELD_REMOVED: 'wire',
  FIELD_TYPE_CHANGED: 'wire',
  FIELD_VALUES_CHANGED: 'wire',
  FIELD_OPTIONALITY_CHANGED: 'wire',
  FIELDS_REORDERED: 'wire',
  FIELDS_SWAPPED: 'wire',
  MAXIMUM_CHANGED: 'wire',
  MESSAGE_LIMIT_CHANGED: 'wire',
  ENUM_VALUE_ADDED: 'wire',
  ENUM_VALUE_REMOVED: 'wire',
  FLAG_ADDED: 'wire',
  FLAG_REMOVED: 'wire',
  CHOICE_VALUES_SWAPPED: 'wire',
  DONATION_REMOVED: 'wire',
  DONATIONS_REORDERED: 'wire',
  ERROR_CODE_CHANGED: 'wire',
  MESSAGE_RENAMED: 'source',
  STRUCT_RENAMED: 'source',
  FIELD_RENAMED: 'source',
  FIELD_TYPE_RENAMED: 'source',
  FIELDS_REGROUPED: 'source',
  OPTIONAL_REMOVED: 'source',
  OPTIONAL_CONTENT_ADDED: 'source',
  TYPE_REMOVED: 'source',
  TYPE_CHANGED: 'source',
  CHOICE_MEMBER_RENAMED: 'source',
  DONATION_RENAMED: 'source',
  ERROR_CODE_REMOVED: 'source',
  ERROR_CODE_RENAMED: 'source',
  ERRORS_RENAMED: 'source',
  MESSAGE_ADDED: 'none',
  OPTIONAL_ADDED: 'none',
  DONATION_ADDED: 'none',
  ERROR_CODE_ADDED: 'none',
  GIVING_BACK_CHANGED: 'none',
} as const satisfies Readonly<Record<string, Level>>;

export type Rule = keyof typeof RULES;

export function isRule(name: string): name is Rule {
  return Object.hasOwn(RULES, name);
}
