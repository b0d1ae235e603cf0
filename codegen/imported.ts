/** Words of the vocabulary that a schema uses and does not import: an editor marks them, and the compiler tells. */

import type { Diagnostic } from './ir.js';
import { VOCABULARY, show } from './names.js';
import type { MemberSyntax, StatementSyntax, TypeSyntax } from './syntax.js';

/**
 * Each such word, where it is first used. Nothing of a schema without imports, which is read as it is, nor of one whose
 * imports are wrong.
 */
export function missingImports(statements: readonly StatementSyntax[]): Diagnostic[] {
  const imports = statements.filter((statement) => statement.kind === 'import');
  const [first] = imports;
  if (first === undefined || imports.some(({ wrong }) => wrong !== undefined)) return [];
  const known = new Set(imports.flatMap(({ names }) => names.map(({ name }) => name)));
  const missing: Diagnostic[] = [];
  const inType = (type: TypeSyntax | undefined): void => {
    if (type?.kind === 'object') inMembers(type.members);
    else if (type?.kind === 'tuple') type.items.forEach(inType);
    if (type?.kind !== 'name') return;
    if (VOCABULARY.includes(type.name) && !known.has(type.name)) {
      known.add(type.name);
      const message = `${show(type.name)} is not imported; write it into the import in line ${first.place.line}`;
      missing.push({ place: type.place, message });
    }
    type.args.forEach(inType);
  };
  const inMembers = (members: readonly MemberSyntax[]): void => members.forEach(({ type }) => inType(type));
  for (const statement of statements) {
    if (statement.kind === 'alias') inType(statement.type);
    else if (statement.kind === 'interface') inMembers(statement.members);
  }
  return missing;
}
