/** The project's own sources, as the tests of its style see them. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ts } from 'ts-morph';

/** The project's folder: the compiled test lies in dist/test/style. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const FOLDERS = ['schema', 'codegen', 'generated', 'runtime', 'cli', 'examples', 'test', 'bench'];

/** Every file below a folder of the project, as paths from the project's folder. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(ROOT, posix.join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes('node_modules/'))
    .sort();
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Every TypeScript source, parsed. */
export const sources: ReadonlyMap<string, ts.SourceFile> = new Map(
  FOLDERS.flatMap(filesBelow)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map((path) => [path, ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true)]),
);

/** What a module imports, types and workers included: a path of the project, or a package's name. */
export function importsOf(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const name = importedBy(node);
    if (name !== undefined) found.push(resolve(source.fileName, name));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The specifier of an import or export, an import() or its type, or a worker's `new URL('…', import.meta.url)`. */
function importedBy(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return textOf(node.moduleSpecifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return textOf(node.argument.literal);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return textOf(node.arguments[0]);
  if (ts.isNewExpression(node) && node.expression.getText() === 'URL') {
    const text = textOf(node.arguments?.[0]);
    return text?.endsWith('.js') === true ? text : undefined;
  }
  return undefined;
}

function textOf(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteral(node) ? node.text : undefined;
}

function resolve(from: string, name: string): string {
  return name.startsWith('.') ? posix.join(dirname(from), name).replace(/\.js$/, '.ts') : name;
}
