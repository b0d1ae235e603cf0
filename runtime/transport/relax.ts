/** Passing a few nanoseconds: JavaScript has no pause instruction, but steps that wait for each other's results. */

/** Some 15 ns. */
const RELAX_STEPS = 4;
let relaxed = 1;

/** Passes some 15 ns between two looks: to look at once again would only take the cache line away from the peer. */
export function relax(): void {
  relaxFor(RELAX_STEPS);
}

/** Passes so many steps, of a little more than a nanosecond each. */
export function relaxFor(steps: number): void {
  let x = relaxed;
  for (let i = 0; i < steps; i++) x = (Math.imul(x, 31) + i) | 0;
  relaxed = x;
}
