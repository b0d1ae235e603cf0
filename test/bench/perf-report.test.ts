/** What the bench makes of perf's reports. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePerfReport, parseCPUReport, partsOf } from '../../bench/perf-report.js';

const REPORT = `# To display the perf.data header info, please use --header/--header-only options.
#
# Overhead|Shared Object|Symbol
 40.00%|[JIT] tid 17820     |[.] JS:*get seemsToLast file:///x/dist/runtime/transport/attention.js:267:20
 20.00%|node                |[.] Builtins_AtomicsCompareExchange
 10.00%|[JIT] tid 17820     |[.] JS:*writeStatx file:///x/dist/generated/lisafs/messages.js:524:20
  9.00%|perf-17820.map      |[.] JS:^#serve file:///x/dist/runtime/session/connection.js:108:11
  8.00%|[kernel.kallsyms]   |[k] do_syscall_64
  5.00%|libc.so.6           |[.] statx
  4.00%|node                |[.] v8impl::(anonymous namespace)::FunctionCallbackWrapper::Invoke
  2.00%|node                |[.] Builtins_LoadIC_Megamorphic
  1.00%|node                |[.] v8::internal::ConcurrentMarking::RunMajor
  1.00%|[vdso]              |[.] __vdso_clock_gettime

`;

const test = suite("perf's reports");

test('are read without where a function stands', () => {
  const samples = parsePerfReport(REPORT);
  assert.is(samples.length, 10);
  assert.equal(samples[0], { share: 0.4, dso: '[JIT] tid 17820', symbol: 'get seemsToLast' });
  assert.equal(
    samples.slice(2, 5).map(({ symbol }) => symbol),
    ['writeStatx', '#serve', 'do_syscall_64'],
  );
});

test('are shared out to the parts of a call, all of them', () => {
  const parts = [...partsOf(parsePerfReport(REPORT))].map(([name, share]) => `${name} ${Math.round(share * 100)}`);
  assert.equal(parts, [
    'waiting 40',
    'handing over 20',
    'JavaScript 21',
    'C library, N-API and koffi 9',
    'kernel 9',
    'other 1',
  ]);
});

test('of a whole cpu tell whose threads ran', () => {
  const report = `# Overhead|    Pid:Command      |Shared Object    |Symbol
 12.83% |  12427:node         |[kernel.kallsyms]|[k] finish_task_switch.isra.0
  5.86% |  12442:runsc-current|runsc-current    |[.] internal/runtime/syscall/linux.Syscall6
`;
  const told = parseCPUReport(report).map(({ share, command, dso }) => [Math.round(share * 1e4), command, dso]);
  assert.equal(told, [
    [1283, 'node', '[kernel.kallsyms]'],
    [586, 'runsc-current', 'runsc-current'],
  ]);
});

test.run();
