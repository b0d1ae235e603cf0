/** How many bytes of JavaScript heap something allocates. */

import { getHeapStatistics, GCProfiler } from 'node:v8';

function used(): number {
  return getHeapStatistics().used_heap_size;
}

/** A collection as GCProfiler reports it; Node's types say less. */
interface Collection {
  readonly beforeGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
  readonly afterGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
}

/**
 * What is in use afterwards, less what was before, plus what each collection in between has freed: exact however many
 * collections there are. Memory outside of the heap, a Buffer's, is not in it.
 */
async function measured(run: () => unknown): Promise<number> {
  const profiler = new GCProfiler();
  profiler.start();
  const before = used();
  await run();
  const after = used();
  const { statistics } = profiler.stop() as unknown as { statistics: readonly Collection[] };
  const freed = statistics.reduce(
    (sum, { beforeGC, afterGC }) => sum + beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize,
    0,
  );
  return after - before + freed;
}

/** Bytes that `run` allocates, less what measuring does by itself. */
export async function allocatedBy(run: () => unknown): Promise<number> {
  await measured(() => undefined);
  const nothing = await measured(() => undefined);
  return Math.max(0, (await measured(run)) - nothing);
}
