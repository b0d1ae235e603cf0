/** Calls of gVisor's client on gVisor's server: `go-gofer DIR fstat`, `go-gofer DIR read SIZE`. */

import { FILE } from '../ours.js';
import { goClientOn, goferOn, untilEnded } from '../gofer.js';

const [, , directory, ...call] = process.argv;
const { gofer, fd } = goferOn(directory!);
await untilEnded(goClientOn(fd, [FILE, ...call]), () => gofer.stop());
