/**
 * The SDK's serving side: `serve` any filesystem, or any protocol, to gVisor or to this SDK's client.
 *
 * @module
 */

import './os/platform.js';
import './session/trace.js';
import { start, type RunningServer, type ServeOptions } from './session/serve.js';

export { LISAFSServer, type LISAFSHandlers } from '../generated/lisafs/index.js';
export { localDirectory } from './fs/local-directory.js';
export { localDirectoryModule } from './fs/local-module.js';
export type { LocalDirectoryOptions } from './fs/local-options.js';
export * from './fs/serve-fs.js';
export type * from './session/backend.js';
export { Statx, unmarshalStatx } from './session/backend.js';
export type { CallRecord, OnCall } from './session/call-record.js';
export type { GoferModule, GoferMount, GoferServes } from './session/gofer-mount.js';
export { withPolicy, type Policy } from './session/policy.js';
export type { Integer } from './fs/serve-fs-object.js';
export type { OnFault } from './session/connection.js';
export type { WaitSettings, WaitStrategy } from './transport/wait.js';
export type { ListenSettings } from './transport/listener.js';
export { fail, type ErrnoName } from './session/failure.js';
export type { RunningServer, ServeOptions, ServePlace } from './session/serve.js';
export type { ServeWhat } from './session/serve-what.js';
export type { ServeModule } from './session/threaded-server.js';
export type { ServerSettings } from './session/server.js';
export { RPCError } from './wire/errno.js';
export type { Answer, CallContext, Marshalled, ServerProtocol } from './wire/protocol.js';

/**
 * Starts a server: `root`, a filesystem such as `localDirectory`, by LISAFS; or `protocol` with `handlers`; or a
 * `module` that says one or the other in threads of the server's own, where serving has the lowest latency. It listens
 * at the path `listen`, for any number of clients, or serves the one on the connected socket `fd`, which it then owns.
 * Resolves to the server once clients can connect. Many servers can run in one process; each belongs to its thread.
 *
 * Rejects with an RPCError: EADDRINUSE where somebody listens already (the file of a server that died is replaced),
 * EACCES or ENOENT for a path; ENOTSOCK, EBADF or EINVAL for a descriptor that is no Unix stream socket.
 */
export async function serve<Handlers extends object>(options: ServeOptions<Handlers>): Promise<RunningServer> {
  return start(options);
}
