/** Calls of our synchronous client on our server: `ours-directory DIR fstat`, `ours-directory DIR read SIZE`. */

import { connectDirectory } from '../ours.js';
import { serveSubject } from '../subject.js';
import { directorySubject } from '../directory-subject.js';

const [, , directory, ...call] = process.argv;

await serveSubject(async () => directorySubject(await connectDirectory({ directory: directory! }), call));
