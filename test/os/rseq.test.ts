import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Program } from '../peers/program.js';

const THREAD = new URL('./programs/rseq-thread.js', import.meta.url);

/** What it prints when it is started with this in its environment. */
async function told(tunables: string): Promise<readonly string[]> {
  const before = process.env['GLIBC_TUNABLES'];
  process.env['GLIBC_TUNABLES'] = tunables;
  const program = new Program(THREAD);
  if (before === undefined) delete process.env['GLIBC_TUNABLES'];
  else process.env['GLIBC_TUNABLES'] = before;
  const { code, lines, stderr } = await program.ended();
  assert.is(code, 0, stderr);
  return lines;
}

const NONE = ['false false false false true', 'false'];
const usual = await told('');

const rseq = suite('restartable sequences');
/** Not with another libc, one before glibc 2.35, or another machine. */
const withThem = usual[1] === 'true' ? rseq : rseq.skip;

withThem('are gone once they are unregistered, from this thread alone, which still knows its cpu', () => {
  assert.equal(usual, ['true false true false true', 'true']);
});

rseq('are none where the libc registers none', async () => {
  assert.equal(await told('glibc.pthread.rseq=0'), NONE);
});

rseq.run();
