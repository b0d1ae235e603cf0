/** What two generated versions of a schema compare, so that neither reads what the other did not write. */

/**
 * A request's or a response's layout: a number for the fields that must be there, then one for each optional trailing
 * field, which stands for all before it as well. The compiler makes the numbers of what the wire shows (32 bits of
 * SHA-256).
 */
export type Layout = readonly number[];

/** The layouts of a protocol's messages by their MIDs, request first. */
export type Layouts = ReadonlyMap<number, readonly [req: Layout, resp: Layout]>;

/** True where a reader of the one can read what a writer of the other writes: the shorter begins the longer. */
export function areCompatible(a: Layout, b: Layout): boolean {
  const last = Math.min(a.length, b.length) - 1;
  return last >= 0 && a[last] === b[last];
}
