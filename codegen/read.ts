/**
 * Reads a schema's text into plain syntax. The only room that knows ts-morph. Nothing is run, resolved or type-checked:
 * the words of a schema mean what the vocabulary says, and syntax is all that it takes to find them.
 */

import {
  type EnumDeclaration,
  type ImportDeclaration,
  type InterfaceDeclaration,
  type JSDoc,
  type JSDocableNode,
  Node,
  Project,
  type SourceFile,
  SyntaxKind,
  type TypeAliasDeclaration,
  type TypeElementTypes,
  type TypeNode,
  ts,
} from 'ts-morph';
import type { Diagnostic, Place } from './ir.js';
import { VOCABULARY, nearest, plainText, show } from './names.js';
import type { AllowSyntax, MemberSyntax, StatementSyntax, TypeSyntax } from './syntax.js';

/** Tags that are for the compiler and do not belong into a doc comment of the generated code. */
const COMPILER_TAGS = /^\s*@(?:allChannelsOrNone|allow)\b.*$/u;
const TAG_NAMES = ['allow', 'allChannelsOrNone'];

const NOT_A_DECLARATION =
  'a schema holds imports of types, exported interfaces and exported type aliases; move anything else elsewhere';
const NO_LIST_OF_EXPORTS = "a schema exports each name where it is declared; write 'export' there, and drop this";
const NO_REEXPORT = 'a schema is one file and exports nothing of others; declare the types here, and drop this';
const NO_CLASS = 'a class holds code, and a schema has types alone; write export interface, and fields without values';
const NOT_EXPORTED = "is not exported; write 'export' before it";
const DEFAULT_EXPORT = "is a default export, and a schema's types go by their names; drop the word 'default'";
const PLAIN_MODIFIERS: ReadonlySet<SyntaxKind> = new Set([SyntaxKind.ExportKeyword, SyntaxKind.DeclareKeyword]);
const ODD_HERITAGE = "continues others in a way that interfaces cannot; write one 'extends' and the name of one other";
const GENERIC = 'has type parameters, and a message has one layout only; write one interface for each';

/** Where a schema says that it has its words from; relative to it, or in this package. */
const VOCABULARY_MODULE = /(?:^|\/)(?:lisafs\/schema|vocabulary)(?:\.[cm]?[jt]s)?$/u;

/** After so many mistakes TypeScript has lost the thread. */
const MAX_SYNTAX_ERRORS_COUNT = 5;
/** Some thousands of messages with their comments. */
const MAX_SCHEMA_LENGTH = 8 << 20;
/** More than nearly all schemas have. */
const BEGIN_LENGTH = 1 << 20;

/** The statements of a schema. What TypeScript itself cannot read is reported, and nothing else is then. */
export function readSchema(file: string, text: string): { statements: StatementSyntax[]; diagnostics: Diagnostic[] } {
  if (text.length > MAX_SCHEMA_LENGTH) {
    const most = `a schema has at most ${MAX_SCHEMA_LENGTH} characters`;
    const message = `${most}, and this has ${text.length}; make several of it`;
    return { statements: [], diagnostics: [{ place: { file, line: 1, column: 1 }, message }] };
  }
  // What is no schema at all is known by its beginning, long before all of it is read.
  const begin = text.slice(0, BEGIN_LENGTH);
  const early = text.length > begin.length ? readStatements(file, begin, BEGIN_LENGTH / 2).diagnostics : [];
  return early.length > 0 ? { statements: [], diagnostics: early } : readStatements(file, text, text.length);
}

/** Reports what cannot be read up to `end`. */
function readStatements(file: string, text: string, end: number): ReturnType<typeof readSchema> {
  const project = new Project({ useInMemoryFileSystem: true, compilerOptions: { noLib: true, noResolve: true } });
  const source = project.createSourceFile('/schema.ts', text);
  const reader = new Reader(file, source);
  // A program would sort them first, which takes minutes where there are many.
  const { parseDiagnostics } = source.compilerNode as ts.SourceFile & { parseDiagnostics: readonly ts.Diagnostic[] };
  const errors = parseDiagnostics.filter(({ start = 0 }) => start <= end).slice(0, MAX_SYNTAX_ERRORS_COUNT);
  if (errors.length === 0) {
    const nodes = source.getStatements().filter((node) => !Node.isEmptyStatement(node));
    return { statements: [...nodes.map((node) => reader.statement(node)), ...reader.strayTags()], diagnostics: [] };
  }
  const diagnostics = errors.map(({ start = 0, messageText }) => {
    // It may quote the schema, as it is.
    const message = plainText(typeof messageText === 'string' ? messageText : messageText.messageText, 200);
    return { place: reader.placeAt(start), message: `${message} TypeScript cannot read this; mend it first` };
  });
  return { statements: [], diagnostics };
}

class Reader {
  /** Where each line begins: a large schema has many places. */
  readonly #lineStarts: readonly number[];

  constructor(
    private readonly file: string,
    private readonly source: SourceFile,
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
      return {
        kind: 'alias',
        place,
        name: node.getName(),
        doc: docOf(node),
        type,
        wrong,
        parameters: parametersOf(node),
      };
    }
    if (Node.isImportDeclaration(node)) {
      const names = node.getNamedImports().map((named) => ({
        place: this.#place(named),
        name: named.getName(),
        alias: named.getAliasNode()?.getText(),
      }));
      const whole = node.getDefaultImport() ?? node.getNamespaceImport();
      return { kind: 'import', place, names, whole: whole?.getText(), wrong: wrongImport(node) };
    }
    const isNamed = Node.isEnumDeclaration(node) || Node.isClassDeclaration(node);
    return { kind: 'other', place, wrong: wrongStatement(node), declares: isNamed ? node.getName() : undefined };
  }

  /** Tags for the compiler that stand where it does not look, or are nearly its own: whoever wrote them meant it. */
  strayTags(): StatementSyntax[] {
    const found: StatementSyntax[] = [];
    const visit = (node: ts.Node): void => {
      for (const tag of tagNodesOf(node)) {
        const wrong = wrongTag(tag.tagName.text, ts.isInterfaceDeclaration(node));
        if (wrong !== undefined)
          found.push({ kind: 'other', place: this.placeAt(tag.getStart()), wrong, declares: undefined });
      }
      ts.forEachChild(node, visit);
    };
    if (/@a/iu.test(this.source.getFullText())) visit(this.source.compilerNode);
    return found;
  }

  #interface(node: InterfaceDeclaration): StatementSyntax {
    return {
      kind: 'interface',
      place: this.#place(node),
      name: node.getName(),
      doc: docOf(node),
      tags: tagsOf(node),
      allows: node.getJsDocs().flatMap((doc) => this.#allows(doc)),
      bases: node.compilerNode.heritageClauses?.flatMap(({ types }) => types.map((base) => this.#base(base))) ?? [],
      members: node.getMembers().map((member) => this.#member(member)),
      wrong: wrongDeclaration(node),
      parameters: parametersOf(node),
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

  #base(node: ts.Node): TypeSyntax {
    const text = node.getText();
    return { kind: 'name', place: this.placeAt(node.getStart()), text, name: text, args: [] };
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
      doc: docLines(this.#inlineDoc(node) ?? docText(node)),
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

  /** A comment on a member's own line, `{ /** … *\/ a: u8 }`, which TypeScript takes for the bracket's before it. */
  #inlineDoc(node: TypeElementTypes): string | undefined {
    const text = this.source.getFullText();
    const [from, start] = [node.getFullStart(), node.compilerNode.getStart()];
    const comment = ts.getTrailingCommentRanges(text, from)?.at(-1);
    if (comment === undefined || !text.startsWith('/**', comment.pos)) return undefined;
    if (text.slice(comment.end, start).includes('\n')) return undefined;
    return text.slice(comment.pos + 3, comment.end - 2).replace(/^[\t ]*\*? ?/gmu, '');
  }

  #place(node: Node): Place {
    return this.placeAt(node.compilerNode.getStart());
  }
}

/** A name in quotes is as good as one without; a computed one stays as it is written, and is refused as a name. */
function plainName(name: Node): string {
  return Node.isStringLiteral(name) ? name.getLiteralValue() : name.getText();
}

/** A tag that the compiler would know if it stood above the protocol, or were spelled as its own are. */
function wrongTag(name: string, isInterface: boolean): string | undefined {
  const near = nearest(name, TAG_NAMES);
  if (near === undefined) return undefined;
  if (near !== name) return `@${name} says nothing; did you mean @${near}?`;
  // Above interfaces the protocol is told from the others where their meaning is known.
  return isInterface ? undefined : `@${name} says nothing here; write it above the protocol`;
}

/** TypeScript's enum as the vocabulary has it; of many members the first. */
function enumOf(node: EnumDeclaration): string {
  const values = node.getMembers().map((member, i) => {
    const value = member.getValue();
    return { name: plainText(member.getName()), value: typeof value === 'number' ? value : i };
  });
  const most = Math.max(0, ...values.map(({ value }) => value));
  const integer = most < 2 ** 8 ? 'u8' : most < 2 ** 16 ? 'u16' : 'u32';
  const few = values.slice(0, 3).map(({ name, value }) => `${name}: ${value}`);
  const members = values.length > few.length ? [...few, '…'] : few;
  return `export type ${plainText(node.getName())} = Enum<${integer}, { ${members.join('; ')} }>`;
}

function tagNodesOf(node: ts.Node): ts.JSDocTag[] {
  return ts.getJSDocCommentsAndTags(node).flatMap((doc) => {
    return ts.isJSDoc(doc) && doc.parent === node ? (doc.tags ?? []) : [];
  });
}

function wrongStatement(node: Node): string {
  if (Node.isEnumDeclaration(node)) return `an enum does not say how many bytes it takes; write ${enumOf(node)}`;
  if (Node.isClassDeclaration(node)) return NO_CLASS;
  if (Node.isExportDeclaration(node)) return node.hasModuleSpecifier() ? NO_REEXPORT : NO_LIST_OF_EXPORTS;
  return Node.isExportAssignment(node) ? NO_LIST_OF_EXPORTS : NOT_A_DECLARATION;
}

function wrongDeclaration(node: InterfaceDeclaration | TypeAliasDeclaration): string | undefined {
  if (!node.hasExportKeyword()) return NOT_EXPORTED;
  if (node.hasDefaultKeyword()) return DEFAULT_EXPORT;
  const odd = node.compilerNode.modifiers?.find(({ kind }) => !PLAIN_MODIFIERS.has(kind))?.getText();
  if (odd !== undefined) return `has ${show(odd)} before it, which means nothing here; drop that`;
  if (Node.isInterfaceDeclaration(node) && !isPlainHeritage(node.compilerNode)) return ODD_HERITAGE;
  return node.getTypeParameters().length > 0 ? GENERIC : undefined;
}

function parametersOf(node: InterfaceDeclaration | TypeAliasDeclaration): string[] {
  return node.getTypeParameters().map((parameter) => parameter.getName());
}

/** TypeScript's parser takes any number of clauses, those of classes as well. */
function isPlainHeritage({ heritageClauses: clauses }: ts.InterfaceDeclaration): boolean {
  return clauses === undefined || (clauses.length === 1 && clauses[0]!.token === SyntaxKind.ExtendsKeyword);
}

function wrongImport(node: ImportDeclaration): string | undefined {
  // TypeScript parses an import from anything, and only its checker wants a string there.
  const specifier = node.compilerNode.moduleSpecifier;
  if (!ts.isStringLiteral(specifier)) {
    return `${show(specifier.getText())} is no module's name; import from 'lisafs/schema'`;
  }
  const from = specifier.text;
  const names = node.getNamedImports().map((named) => named.getName());
  const whole = node.getDefaultImport() ?? node.getNamespaceImport();
  const others = names.filter((name) => !VOCABULARY.includes(name));
  const isVocabulary = VOCABULARY_MODULE.test(from);
  if (!isVocabulary && others.length + (whole === undefined ? 0 : 1) > 0) {
    const what = whole === undefined ? others.map(show).join(', ') : 'what is used of it';
    return `a schema is one file, and ${show(from)} is another; move ${what} here, and drop this import`;
  }
  if (whole !== undefined || names.length === 0) {
    return 'only the vocabulary is imported, by name; write import type { u32 } from …';
  }
  return isVocabulary ? undefined : `${show(from)} is not the vocabulary; import from 'lisafs/schema'`;
}

function wrongForm(node: Node & { getName(): string }): string | undefined {
  if (!Node.isPropertySignature(node)) return undefined;
  const [modifier] = node.compilerNode.modifiers ?? [];
  if (modifier !== undefined) {
    const word = modifier.getText();
    return `is ${word}, which means nothing on the wire; drop the word '${word}'`;
  }
  const value = node.getInitializer();
  if (value !== undefined) return `has a value, and a schema has types alone; drop ${show(`= ${value.getText()}`)}`;
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
  [SyntaxKind.NeverKeyword, ['never', 'write Empty for a request or a response without content']],
  [SyntaxKind.ObjectKeyword, ['object', 'write the name of an interface']],
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
  advice: 'write a question mark after the name of a field that may be missing, as in a?: u8, and its type alone',
};

function isNothing(node: TypeNode): boolean {
  return node.getText() === 'null' || node.getKind() === SyntaxKind.UndefinedKeyword;
}

function foreign(node: TypeNode): { what: string; advice: string } {
  if (node.getKind() === SyntaxKind.JSDocNullableType) return { ...NOTHING, what: show(node.getText()) };
  if (node.getText() === 'null') return { what: 'null', advice: 'write Empty, or leave the field out' };
  if (Node.isArrayTypeNode(node)) {
    return { what: 'an array', advice: `write List<${plainText(node.getElementTypeNode().getText())}>` };
  }
  // Every list is readonly to whoever reads it.
  if (Node.isTypeOperatorTypeNode(node) && Node.isArrayTypeNode(node.getTypeNode())) return foreign(node.getTypeNode());
  if (Node.isUnionTypeNode(node)) {
    const parts = node.getTypeNodes();
    if (parts.some(isNothing)) return NOTHING;
    const alias = node.getParentIfKind(SyntaxKind.TypeAliasDeclaration)?.getName();
    const name = alias === undefined ? 'Colour' : plainText(alias);
    const example = `write export type ${name} = Enum<u8, { Red: 0; Green: 1 }>`;
    const advice = alias === undefined ? `${example}, and ${name} here` : example;
    if (parts.every((part) => Node.isLiteralTypeNode(part))) return { what: 'a union', advice };
  }
  const [what, advice] = FOREIGN.get(node.getKind()) ?? [show(node.getText()), 'write a type of the vocabulary'];
  return { what, advice };
}

function docOf(node: JSDocableNode): string[] {
  return docLines(docText(node));
}

function docText(node: JSDocableNode): string {
  return node.getJsDocs().at(-1)?.getInnerText() ?? '';
}

/** The lines of a doc comment, without stars, compiler's tags and empty lines around. */
function docLines(text: string): string[] {
  const lines = text.split(/\r\n|[\n\r\u2028\u2029]/u).filter((line) => !COMPILER_TAGS.test(line));
  return lines.join('\n').trim() === '' ? [] : lines.join('\n').trim().split('\n');
}

function tagsOf(node: JSDocableNode): string[] {
  return node.getJsDocs().flatMap((doc) => doc.getTags().map((tag) => tag.getTagName()));
}
