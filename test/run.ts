/**
 * Runs tests as `uvu DIR PATTERN` does, by default all, and fails where some are lost: a hook that throws after a test
 * that failed ends the suite, and uvu takes what it has seen of it for a success.
 */

import { parse } from 'uvu/parse';
import { run } from 'uvu/run';

const [dir = 'dist/test', pattern = '\\.test\\.js$'] = process.argv.slice(2);
// As uvu's own command has it.
process.env.FORCE_COLOR ??= '1';

/** How many tests of its suites were not passed, as uvu says for each: `(7 / 8)`. */
let missing = 0;
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = ((chunk: string | Uint8Array, ...rest: []) => {
  for (const [, passed, all] of String(chunk).matchAll(/\((\d+) \/ (\d+)\)/gu)) missing += Number(all) - Number(passed);
  return write(chunk, ...rest);
}) as typeof write;

const { suites } = await parse(dir, pattern);
await run(suites);
if (missing > 0 && process.exitCode !== 1) {
  process.exitCode = 1;
  process.stderr.write(`${missing} tests failed or did not run: a hook failed after one of them\n`);
}
