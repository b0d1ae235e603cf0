/**
 * Creates a file while there are two descriptors left, in the directory that is named, and says on standard output what
 * came of it, and how many descriptors stayed open. The umask has to take something for there to be anything to undo.
 */

import { closeSync, openSync, readdirSync } from 'node:fs';
import { createFile } from '../../../runtime/fs/local-making.js';
import { AT_FDCWD, O_PATH, openAt } from '../../../runtime/os/open.js';

const SPARE_COUNT = 2;
const NOBODY = 0xffff_ffff;
const O_RDWR = 2;

const dirFD = openAt(AT_FDCWD, process.argv[2]!, O_PATH);
const before = readdirSync('/proc/self/fd').length;
const fillers: number[] = [];
try {
  for (;;) fillers.push(openSync('/dev/null', 'r'));
} catch {
  // Full.
}
for (const fd of fillers.splice(0, SPARE_COUNT)) closeSync(fd);
let made: unknown;
try {
  made = createFile(dirFD, 'file', { mode: 0o666, uid: NOBODY, gid: NOBODY }, O_RDWR);
} catch (error) {
  made = String(error);
}
for (const fd of fillers) closeSync(fd);
const left = readdirSync('/proc/self/fd').length - before;
console.log(JSON.stringify({ made, left }));
