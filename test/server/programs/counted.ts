/** A module that answers Flush at once, and tells by ReadLinkAt how much its thread's heap has taken since the last. */

import { GCProfiler, getHeapStatistics } from 'node:v8';
import { LISAFSServer, Statx, type LISAFSHandlers } from '../../../runtime/index.js';

/** A collection as GCProfiler reports it; Node's types say less. */
interface Collection {
  readonly beforeGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
  readonly afterGC: { readonly heapStatistics: { readonly usedHeapSize: number } };
}

export default function counted(): { protocol: typeof LISAFSServer; handlers: LISAFSHandlers } {
  const stat = new Statx();
  let before = 0;
  let profiler = new GCProfiler();
  const taken = (): number => {
    const { statistics = [] } = (profiler.stop() ?? {}) as { statistics?: readonly Collection[] };
    const freed = statistics.map(
      (gc) => gc.beforeGC.heapStatistics.usedHeapSize - gc.afterGC.heapStatistics.usedHeapSize,
    );
    return getHeapStatistics().used_heap_size - before + freed.reduce((sum, bytes) => sum + bytes, 0);
  };
  const readLinkAt = (): { target: string } => {
    const target = String(taken());
    profiler = new GCProfiler();
    profiler.start();
    before = getHeapStatistics().used_heap_size;
    return { target };
  };
  return { protocol: LISAFSServer, handlers: { flush: () => undefined, fstat: () => stat, readLinkAt } };
}
