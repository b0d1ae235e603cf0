/** The import lines of a generated file, found by what the file uses. */

import { PRINT_WIDTH } from './indent.js';
import { RUNTIME_TYPES, RUNTIME_VALUES } from './runtime-names.js';

/** Where generated code finds a module of runtime/wire: `payload` gives `../../runtime/wire/payload.js`, say. */
export type RuntimeSpecifier = (module: string) => string;

/** Names that stand by themselves in the code: not after a dot, in comments or quotes, and no keys or accessors. */
export function identifiersOf(code: string): Set<string> {
  const bare = code.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/gu, '');
  return new Set(bare.match(/(?<![.\w$'"]|\b[gs]et )[A-Za-z_$][\w$]*(?![\w$]|\??:)/gu));
}

/** Imports of what `code` uses of the runtime. */
export function runtimeImports(code: string, specifier: RuntimeSpecifier): string {
  const used = identifiersOf(code);
  const lines = new Map<string, string[]>();
  const add = (module: string, names: readonly string[], prefix: string): void => {
    const wanted = names.filter((name) => used.has(name)).map((name) => `${prefix}${name}`);
    const path = specifier(module);
    if (wanted.length > 0) lines.set(path, [...(lines.get(path) ?? []), ...wanted]);
  };
  for (const [module, names] of Object.entries(RUNTIME_VALUES)) add(module, names, '');
  for (const [module, names] of Object.entries(RUNTIME_TYPES)) add(module, names, 'type ');
  return [...lines].map(([path, names]) => importLine(names, path)).join('');
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
