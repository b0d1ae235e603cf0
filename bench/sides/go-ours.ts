/** Calls of gVisor's client on our server: `go-ours DIR fstat`. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeFD } from '../../runtime/os/descriptor.js';
import { directoryServer, FILE } from '../ours.js';
import { goClientOn, newPair, untilEnded } from '../gofer.js';

const [, , directory, ...call] = process.argv;
const [fd, theirs] = newPair();
const [command, ...args] = directoryServer(directory!);
const server = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', theirs] });
closeFD(theirs);
// The client has hung up by then, so the server ends by itself.
await untilEnded(goClientOn(fd, [FILE, ...call]), () => server.exitCode ?? once(server, 'close'));
