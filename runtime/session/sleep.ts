/** Waiting where nothing wakes and nothing else may run. */

const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread for so many milliseconds. */
export function sleepSync(ms: number): void {
  Atomics.wait(nobodyWakes, 0, 0, ms);
}
