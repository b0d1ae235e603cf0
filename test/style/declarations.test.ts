/** The types that users see: those that the compiler has written for runtime/ and generated/. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ts } from 'ts-morph';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { filesBelow, read, ROOT } from './sources.js';

const declarations = suite('declarations');

/** Places where a type is `any`: written, or left to be. */
function anys(path: string): string[] {
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const note = (node: ts.Node): void => {
    const { line, character } = source.getLineAndCharacterOfPosition(node.getStart());
    found.push(`${path}:${line + 1}:${character + 1}`);
  };
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) note(node);
    if (isUntyped(node)) note(node);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** A declaration that leaves its type out, which then is any. Private names are declared without one. */
function isUntyped(node: ts.Node): boolean {
  if (ts.isPropertyDeclaration(node)) {
    const hidden = ts.isPrivateIdentifier(node.name) || node.modifiers?.some(isPrivate) === true;
    return node.type === undefined && node.initializer === undefined && !hidden;
  }
  if (ts.isVariableDeclaration(node)) return node.type === undefined && node.initializer === undefined;
  if (ts.isMethodDeclaration(node) && node.modifiers?.some(isPrivate) === true) return false;
  if (ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node)) return node.type === undefined;
  return ts.isPropertySignature(node) && node.type === undefined;
}

function isPrivate(modifier: ts.ModifierLike): boolean {
  return modifier.kind === ts.SyntaxKind.PrivateKeyword;
}

const written = ['dist/runtime', 'dist/generated'].flatMap(filesBelow).filter((path) => path.endsWith('.d.ts'));

declarations('are written', () => {
  assert.ok(written.length > 20, `${written.length} files`);
});

declarations('have no any', () => {
  assert.equal(written.flatMap(anys), []);
});

declarations('of the public entry points name only files that are there', () => {
  for (const path of written) {
    const source = ts.preProcessFile(read(path), true, true);
    for (const { fileName } of source.importedFiles) {
      if (!fileName.startsWith('.')) continue;
      const target = join(ROOT, path, '..', fileName).replace(/\.js$/, '.d.ts');
      assert.ok(existsSync(target), `${path} → ${fileName}`);
    }
  }
});

declarations.run();
