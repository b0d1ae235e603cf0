/** Calls of our synchronous client on gVisor's server: `ours-gofer DIR fstat`. */

import { connectDirectory } from '../ours.js';
import { serveSubject } from '../subject.js';
import { directorySubject } from '../directory-subject.js';
import { goferOn } from '../gofer.js';

const [, , directory, ...call] = process.argv;

await serveSubject(async () => {
  const { gofer, fd } = goferOn(directory!);
  return directorySubject(await connectDirectory({ fd }), call, () => gofer.stop());
});
