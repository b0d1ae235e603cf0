/** What a server says to its threads, and they to it. Connections have numbers; descriptors are the process's. */

import type { WaitSettings } from '../transport/wait.js';

/** The part of a server's settings that can be sent to a thread. */
export interface ThreadSettings extends WaitSettings {
  readonly maxMessageSize?: number | undefined;
  readonly channels?: number | undefined;
  readonly maxFDs?: number | undefined;
  readonly messages?: readonly number[] | undefined;
}

/** What a thread is started with. */
export interface ThreadData {
  /** The URL of the module whose default export says what is served. */
  readonly module: string;
  /** What that export is called with. */
  readonly data: unknown;
  readonly settings: ThreadSettings;
  /** Where the thread's control word is (dedicated.ts). */
  readonly controlAddress: number;
  /** Whether the thread is released from its blocking before it is to end, however that comes about. */
  readonly isReleased: boolean;
  /** How many FDs the connections of all threads hold, shared by all. */
  readonly heldFDs: Int32Array;
}

export type ToThread =
  /** The descriptor stays the sender's: the thread makes itself a copy. */
  | { readonly type: 'serve'; readonly connection: number; readonly fd: number }
  /** There is something on a connection's socket. */
  | { readonly type: 'alarm'; readonly connection: number }
  | { readonly type: 'close' }
  /** The process exits, and the thread with it. */
  | { readonly type: 'exit' };

export type FromThread =
  | { readonly type: 'ready' }
  /** The thread has looked; it wants to be told again. */
  | { readonly type: 'heeded'; readonly connection: number }
  | { readonly type: 'closed'; readonly connection: number };
