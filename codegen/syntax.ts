/** What stands in a schema file, before anybody asks what it means: read.ts makes it, resolve.ts gives it meaning. */

import type { Place } from './ir.js';

/** A type as it is written. */
export type TypeSyntax = { readonly place: Place; readonly text: string } & (
  | { readonly kind: 'name'; readonly name: string; readonly args: readonly TypeSyntax[] }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tuple'; readonly items: readonly TypeSyntax[] }
  | { readonly kind: 'object'; readonly members: readonly MemberSyntax[] }
  /** What the vocabulary has no place for; `advice` says what to write. */
  | { readonly kind: 'other'; readonly what: string; readonly advice: string }
);

/** One member of an interface or of an object type. */
export interface MemberSyntax {
  readonly place: Place;
  /** Empty for what has none, as a call signature. */
  readonly name: string;
  readonly doc: readonly string[];
  /** Undefined where there is none, and then `wrong` says why. */
  readonly type: TypeSyntax | undefined;
  /** True with a question mark after its name. */
  readonly optional: boolean;
  /** What is wrong with its form, and what to do. */
  readonly wrong: string | undefined;
}

/** What stands after an `@allow` in a doc comment. */
export interface AllowSyntax {
  readonly place: Place;
  readonly text: string;
}

export interface InterfaceSyntax {
  readonly kind: 'interface';
  readonly place: Place;
  readonly name: string;
  readonly doc: readonly string[];
  /** Words after an @ in its doc comment that are for the compiler. */
  readonly tags: readonly string[];
  readonly allows: readonly AllowSyntax[];
  readonly bases: readonly TypeSyntax[];
  readonly members: readonly MemberSyntax[];
  readonly wrong: string | undefined;
  /** The names of its type parameters, which are refused. */
  readonly parameters: readonly string[];
}

export interface AliasSyntax {
  readonly kind: 'alias';
  readonly place: Place;
  readonly name: string;
  readonly doc: readonly string[];
  readonly type: TypeSyntax;
  readonly wrong: string | undefined;
  readonly parameters: readonly string[];
}

export interface ImportSyntax {
  readonly kind: 'import';
  readonly place: Place;
  readonly names: readonly { readonly place: Place; readonly name: string; readonly alias: string | undefined }[];
  /** The name of a whole module, or of its default. */
  readonly whole: string | undefined;
  readonly wrong: string | undefined;
}

/** A statement that has no business in a schema. */
export interface OtherSyntax {
  readonly kind: 'other';
  readonly place: Place;
  readonly wrong: string;
  /** The name of a type that whoever wrote it takes for declared. */
  readonly declares: string | undefined;
}

export type StatementSyntax = InterfaceSyntax | AliasSyntax | ImportSyntax | OtherSyntax;
