/** What can be measured by itself: `npm run bench -- NAME`. */

import type { RawCase } from '../results.js';
import type { Effort } from '../rounds.js';

export type Outcome = Pick<RawCase, 'unit' | 'sides' | 'missing'> & { readonly notes?: readonly string[] };

export interface Case {
  readonly name: string;
  /** What is measured, for whoever reads the table. */
  readonly title: string;
  /** `directory` holds the one file that there is to stat and to read. */
  run(effort: Effort, directory: string): Promise<Outcome>;
}

/** Leaves out the sides that something is missing for, and says what. */
export function available<Side extends { readonly name: string }>(
  sides: readonly (readonly [Side, (string | undefined)?])[],
): { sides: Side[]; missing: { side: string; why: string }[] } {
  return {
    sides: sides.flatMap(([side, why]) => (why === undefined ? [side] : [])),
    missing: sides.flatMap(([{ name }, why]) => (why === undefined ? [] : [{ side: name, why }])),
  };
}
