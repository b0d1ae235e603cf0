/**
 * Reads a schema's text into plain syntax. The only room that knows ts-morph. Nothing is run, resolved or type-checked:
 * the words of a schema mean what the vocabulary says, and syntax is all that it takes to find them.
 */

import {
  type ExportableNode,
  type InterfaceDeclaration,
  type JSDoc,
  type JSDocableNode,
  Node,
  Project,
  type SourceFile,
  SyntaxKind,
  type TypeElementTypes,
  type TypeNode,
} from 'ts-morph';
import type { Diagnostic, Place } from './ir.js';
import type { AllowSyntax, MemberSyntax, StatementSyntax, TypeSyntax } from './syntax.js';

/** Tags that are for the compiler and do not belong into a doc comment of the generated code. */
const COMPILER_TAGS = /^\s*@(?:allChannelsOrNone|allow)\b.*$/u;

const NOT_A_DECLARATION =
  'a schema holds imports of types, exported interfaces and exported type aliases; move anything else elsewhere';
const NO_ENUM = 'an enum does not say how many bytes it takes; write export type Colour = Enum<u8, { Red: 0 }>';
const NOT_EXPORTED = "is not exported; write 'export' before it";
const GENERIC = 'has type parameters, and a message has one layout only; write one interface for each';

/** The statements of a schema. What TypeScript itself cannot read is reported, and nothing else is then. */
export function readSchema(file: string, text: string): { statements: StatementSyntax[]; diagnostics: Diagnostic[] } {
  const project = new Project({ useInMemoryFileSystem: true, compilerOptions: { noLib: true, noResolve: true } });
  const source = project.createSourceFile('/schema.ts', text);
  const reader = new Reader(file, source);
  const errors = project.getProgram().getSyntacticDiagnostics(source);
  const diagnostics = errors.map((error) => {
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
      const wrong = notExported(node) ?? (node.getTypeParameters().length > 0 ? GENERIC : undefined);
      return { kind: 'alias', place, name: node.getName(), doc: docOf(node), type, wrong };
    }
    if (Node.isImportDeclaration(node)) {
      const names = node.getNamedImports().map((named) => ({
        place: this.#place(named),
        name: named.getName(),
        alias: named.getAliasNode()?.getText(),
      }));
      const whole = node.getDefaultImport() ?? node.getNamespaceImport();
      const wrong =
        whole === undefined ? undefined : 'only the vocabulary is imported, by name; write import type { u32 } from …';
      return { kind: 'import', place, names, wrong };
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
      wrong: notExported(node) ?? (node.getTypeParameters().length > 0 ? GENERIC : undefined),
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
    if (Node.isNumericLiteral(literal))
      return { kind: 'number', place, text, value: Number(literal.getLiteralValue()) };
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

function notExported(node: ExportableNode): string | undefined {
  return node.isExported() ? undefined : NOT_EXPORTED;
}

function wrongForm(node: Node & { getName(): string }): string | undefined {
  if (!Node.isPropertySignature(node)) return undefined;
  if (node.isReadonly()) return "is readonly, which means nothing on the wire; drop the word 'readonly'";
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

function foreign(node: TypeNode): { what: string; advice: string } {
  const [what, advice] = FOREIGN.get(node.getKind()) ?? [`'${node.getText()}'`, 'write a type of the vocabulary'];
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
