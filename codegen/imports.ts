/** The import lines of a generated file, found by what the file uses. */

import { PRINT_WIDTH } from './indent.js';
import { RUNTIME_TYPES, RUNTIME_VALUES, aliasOf } from './runtime-names.js';

/** Where generated code finds a module of runtime/wire: `payload` gives `../../runtime/wire/payload.js`, say. */
export type RuntimeSpecifier = (module: string) => string;

/** Names that stand by themselves in the code: not after a dot, in comments or quotes, and no keys or accessors. */
export function identifiersOf(code: string): Set<string> {
  const bare = code.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/gu, '');
  return new Set(bare.match(/(?<![.\w$'"]|\b[gs]et )[A-Za-z_$][\w$]*(?![\w$]|\??:)/gu));
}

/** Imports of what `code` uses of the runtime, under aliases where the code has those names for something else. */
export function runtimeImports(
  code: string,
  specifier: RuntimeSpecifier,
  aliased: ReadonlySet<string> = new Set(),
): string {
  const used = identifiersOf(code);
  const lines = new Map<string, string[]>();
  const add = (module: string, names: readonly string[], prefix: string): void => {
    const known = (name: string): string => (aliased.has(name) ? aliasOf(name) : name);
    const wanted = names.filter((name) => used.has(known(name))).map((name) => prefix + imported(name, aliased));
    const path = specifier(module);
    if (wanted.length > 0) lines.set(path, [...(lines.get(path) ?? []), ...wanted]);
  };
  for (const [module, names] of Object.entries(RUNTIME_VALUES)) add(module, names, '');
  for (const [module, names] of Object.entries(RUNTIME_TYPES)) add(module, names, 'type ');
  return [...lines].map(([path, names]) => importLine(names, path)).join('');
}

/** What stands in an import for a name of the runtime's. */
export function imported(name: string, aliased: ReadonlySet<string>): string {
  return aliased.has(name) ? `${name} as ${aliasOf(name)}` : name;
}

/** One import, for `indent`; one that imports types alone says so once. */
export function importLine(names: readonly string[], path: string): string {
  if (names.length === 0) return '';
  const bare = names.map((name) => name.replace(/^type /u, ''));
  const areTypes = names.every((name) => name.startsWith('type '));
  const [word, list] = areTypes ? ['import type', bare] : ['import', names];
  const line = `${word} { ${list.join(', ')} } from '${path}';`;
  return line.length <= PRINT_WIDTH ? `${line}\n` : `${word} {\n${list.join(',\n')},\n} from '${path}';\n`;
}
