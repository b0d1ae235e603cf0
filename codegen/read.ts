/**
 * Reads a schema's text into plain syntax. The only room that knows ts-morph. Nothing is run, resolved or type-checked:
 * the words of a schema mean what the vocabulary says, and syntax is all that it takes to find them.
 */

import {
  type ExportableNode,
  type ImportDeclaration,
  type InterfaceDeclaration,
  type JSDoc,
  type JSDocableNode,
  Node,
  Project,
  type SourceFile,
  SyntaxKind,
  type TypeElementTypes,
  type TypeNode,
  type TypeParameteredNode,
} from 'ts-morph';
import type { Diagnostic, Place } from './ir.js';
import { VOCABULARY, show } from './names.js';
import type { AllowSyntax, MemberSyntax, StatementSyntax, TypeSyntax } from './syntax.js';

/** Tags that are for the compiler and do not belong into a doc comment of the generated code. */
const COMPILER_TAGS = /^\s*@(?:allChannelsOrNone|allow)\b.*$/u;

const NOT_A_DECLARATION =
  'a schema holds imports of types, exported interfaces and exported type aliases; move anything else elsewhere';
const NO_ENUM = 'an enum does not say how many bytes it takes; write export type Colour = Enum<u8, { Red: 0 }>';
const NOT_EXPORTED = "is not exported; write 'export' before it";
const DEFAULT_EXPORT = "is a default export, and a schema's types go by their names; drop the word 'default'";
const GENERIC = 'has type parameters, and a message has one layout only; write one interface for each';

/** Where a schema says that it has its words from; relative to it, or in this package. */
const VOCABULARY_MODULE = /(?:^|\/)(?:lisafs\/schema|vocabulary)(?:\.[cm]?[jt]s)?$/u;

/** After so many mistakes TypeScript has lost the thread. */
const MAX_SYNTAX_ERRORS_COUNT = 5;

/** The statements of a schema. What TypeScript itself cannot read is reported, and nothing else is then. */
export function readSchema(file: string, text: string): { statements: StatementSyntax[]; diagnostics: Diagnostic[] } {
  const project = new Project({ useInMemoryFileSystem: true, compilerOptions: { noLib: true, noResolve: true } });
  const source = project.createSourceFile('/schema.ts', text);
  const reader = new Reader(file, source);
  const errors = project.getProgram().getSyntacticDiagnostics(source);
  const diagnostics = errors.slice(0, MAX_SYNTAX_ERRORS_COUNT).map((error) => {
    const first = error.getMessageText();
    const message = typeof first === 'string' ? first : first.getMessageText();
    return {
      place: reader.placeAt(error.getStart()),
      message: `${message} TypeScript cannot read this; mend it first`,
    };
  });
  const statements = diagnostics.length > 0 ? [] : source.getStatements().map((node) => reader.statement(node));
  return { statements, diagnostics };
}

class Reader {
  /** Where each line begins: a large schema has many places. */
  readonly #lineStarts: readonly number[];

  constructor(
    private readonly file: string,
    source: SourceFile,
  ) {
    this.#lineStarts = source.compilerNode.getLineStarts();
  }

  placeAt(position: number): Place {
    let [line, above] = [0, this.#lineStarts.length];
    while (above - line > 1) {
      const middle = (line + above) >> 1;
      if (this.#lineStarts[middle]! <= position) line = middle;
      else above = middle;
    }
    return { file: this.file, line: line + 1, column: position - this.#lineStarts[line]! + 1 };
  }

  statement(node: Node): StatementSyntax {
    const place = this.#place(node);
    if (Node.isInterfaceDeclaration(node)) return this.#interface(node);
    if (Node.isTypeAliasDeclaration(node)) {
      const type = this.#type(node.getTypeNodeOrThrow());
      const wrong = wrongDeclaration(node);
      return { kind: 'alias', place, name: node.getName(), doc: docOf(node), type, wrong };
    }
    if (Node.isImportDeclaration(node)) {
      const names = node.getNamedImports().map((named) => ({
        place: this.#place(named),
        name: named.getName(),
        alias: named.getAliasNode()?.getText(),
      }));
      return { kind: 'import', place, names, wrong: wrongImport(node) };
    }
    return { kind: 'other', place, wrong: Node.isEnumDeclaration(node) ? NO_ENUM : NOT_A_DECLARATION };
  }

  #interface(node: InterfaceDeclaration): StatementSyntax {
    return {
      kind: 'interface',
      place: this.#place(node),
      name: node.getName(),
      doc: docOf(node),
      tags: tagsOf(node),
      allows: node.getJsDocs().flatMap((doc) => this.#allows(doc)),
      bases: node.getExtends().map((base) => this.#base(base)),
      members: node.getMembers().map((member) => this.#member(member)),
      wrong: wrongDeclaration(node),
    };
  }

  /** The lines that begin with `@allow`, each with its place. */
  #allows(doc: JSDoc): AllowSyntax[] {
    const start = doc.compilerNode.getStart();
    return [...doc.getText().matchAll(/^[\s/*]*@allow\b(.*)$/gmu)].map((match) => {
      const text = match[1]!.replace(/\*\/\s*$/u, '').trim();
      return { place: this.placeAt(start + match.index + match[0].indexOf('@allow')), text };
    });
  }

  #base(node: Node): TypeSyntax {
    const text = node.getText();
    return { kind: 'name', place: this.#place(node), text, name: text, args: [] };
  }

  #member(node: TypeElementTypes): MemberSyntax {
    const place = this.#place(node);
    if (!Node.isPropertySignature(node)) {
      const wrong = `${describe(node)} has no form on the wire; write a field, name: type`;
      return { place, name: '', doc: [], type: undefined, optional: false, wrong };
    }
    const typeNode = node.getTypeNode();
    const name = node.getNameNode();
    return {
      place,
      name: Node.isIdentifier(name) ? name.getText() : plainName(name),
      doc: docOf(node),
      type: typeNode === undefined ? undefined : this.#type(typeNode),
      optional: node.hasQuestionToken(),
      wrong: wrongForm(node),
    };
  }

  #type(node: TypeNode): TypeSyntax {
    if (Node.isParenthesizedTypeNode(node)) return this.#type(node.getTypeNode());
    const place = this.#place(node);
    const text = node.getText();
    if (Node.isTypeReference(node)) {
      const args = node.getTypeArguments().map((argument) => this.#type(argument));
      return { kind: 'name', place, text, name: node.getTypeName().getText(), args };
    }
    if (Node.isTypeLiteral(node)) {
      return { kind: 'object', place, text, members: node.getMembers().map((member) => this.#member(member)) };
    }
    if (Node.isTupleTypeNode(node)) {
      return { kind: 'tuple', place, text, items: node.getElements().map((element) => this.#type(element)) };
    }
    const literal = Node.isLiteralTypeNode(node) ? node.getLiteral() : undefined;
    // TypeScript keeps the number's digits in decimal, with an exponent from 1e21 on.
    if (Node.isNumericLiteral(literal))
      return { kind: 'number', place, text, value: Number(literal.compilerNode.text) };
    if (Node.isStringLiteral(literal)) return { kind: 'string', place, text, value: literal.getLiteralValue() };
    return { kind: 'other', place, text, ...foreign(node) };
  }

  #place(node: Node): Place {
    return this.placeAt(node.compilerNode.getStart());
  }
}

/** A name in quotes is as good as one without; a computed one stays as it is written, and is refused as a name. */
function plainName(name: Node): string {
  return Node.isStringLiteral(name) ? name.getLiteralValue() : name.getText();
}

function wrongDeclaration(node: ExportableNode & TypeParameteredNode): string | undefined {
  if (!node.isExported()) return NOT_EXPORTED;
  if (node.hasDefaultKeyword()) return DEFAULT_EXPORT;
  return node.getTypeParameters().length > 0 ? GENERIC : undefined;
}

function wrongImport(node: ImportDeclaration): string | undefined {
  const whole = node.getDefaultImport() ?? node.getNamespaceImport();
  if (whole !== undefined || node.getNamedImports().length === 0) {
    return 'only the vocabulary is imported, by name; write import type { u32 } from …';
  }
  const from = node.getModuleSpecifierValue();
  // What is no word is told as such, wherever it is from.
  const areWords = node.getNamedImports().every((named) => VOCABULARY.includes(named.getName()));
  if (VOCABULARY_MODULE.test(from) || !areWords) return undefined;
  return `${show(from)} is not the vocabulary; import from 'lisafs/schema'`;
}

function wrongForm(node: Node & { getName(): string }): string | undefined {
  if (!Node.isPropertySignature(node)) return undefined;
  const [modifier] = node.compilerNode.modifiers ?? [];
  if (modifier !== undefined) {
    const word = modifier.getText();
    return `is ${word}, which means nothing on the wire; drop the word '${word}'`;
  }
  return node.getTypeNode() === undefined ? 'has no type; write one, as in name: u32' : undefined;
}

function describe(node: TypeElementTypes): string {
  if (Node.isMethodSignature(node)) return `the method '${node.getName()}'`;
  if (Node.isIndexSignatureDeclaration(node)) return 'an index signature';
  if (Node.isGetAccessorDeclaration(node) || Node.isSetAccessorDeclaration(node)) return 'an accessor';
  return 'a call signature';
}

/** TypeScript's own types, and what the vocabulary has in their place. */
const FOREIGN = new Map<SyntaxKind, [what: string, advice: string]>([
  [SyntaxKind.NumberKeyword, ['number', 'write the integer that the wire carries, as in u32']],
  [SyntaxKind.BigIntKeyword, ['bigint', 'write u64 or i64']],
  [SyntaxKind.StringKeyword, ['string', 'write Str']],
  [SyntaxKind.BooleanKeyword, ['boolean', 'write bool']],
  [SyntaxKind.ArrayType, ['an array', 'write List<…>']],
  [SyntaxKind.UnionType, ['a union', 'write one type, or one message for each']],
  [SyntaxKind.IntersectionType, ['an intersection', "write an interface that 'extends' the other"]],
  [SyntaxKind.FunctionType, ['a function', 'write a field of data']],
  [SyntaxKind.UndefinedKeyword, ['undefined', 'write Empty for a request or a response without content']],
  [SyntaxKind.VoidKeyword, ['void', 'write Empty']],
  [SyntaxKind.AnyKeyword, ['any', 'write the type that the wire carries']],
  [SyntaxKind.UnknownKeyword, ['unknown', 'write the type that the wire carries']],
]);

/** What may be missing is said at its name. */
const NOTHING = {
  what: 'undefined or null',
  advice: 'write a question mark after the name of a field that may be missing, as in a?: u8',
};

function isNothing(node: TypeNode): boolean {
  return node.getText() === 'null' || node.getKind() === SyntaxKind.UndefinedKeyword;
}

function foreign(node: TypeNode): { what: string; advice: string } {
  if (Node.isUnionTypeNode(node) && node.getTypeNodes().some(isNothing)) return NOTHING;
  const [what, advice] = FOREIGN.get(node.getKind()) ?? [show(node.getText()), 'write a type of the vocabulary'];
  return { what, advice };
}

/** The lines of a doc comment, without stars, compiler's tags and empty lines around. */
function docOf(node: JSDocableNode): string[] {
  const text = node.getJsDocs().at(-1)?.getInnerText() ?? '';
  const lines = text.split(/\r\n|[\n\r\u2028\u2029]/u).filter((line) => !COMPILER_TAGS.test(line));
  return lines.join('\n').trim() === '' ? [] : lines.join('\n').trim().split('\n');
}

function tagsOf(node: JSDocableNode): string[] {
  return node.getJsDocs().flatMap((doc) => doc.getTags().map((tag) => tag.getTagName()));
}
