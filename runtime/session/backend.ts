/**
 * What a filesystem implements to be served by LISAFS.
 *
 * A method answers at once or with a promise; it fails by returning a negative errno, or by throwing or rejecting with
 * an Error that has an `errno` or a `code`, as Node's own do. One that a filesystem leaves out is answered EOPNOTSUPP.
 * Names are single path components, already checked: not empty, not `.` or `..`, no `/` and no NUL in them, at most 255
 * bytes unless a method says otherwise. They stand for bytes: one that is not valid UTF-8 is a surrogate escape
 * (U+DC80 to U+DCFF).
 *
 * While a method runs, others keep off as they do in gVisor's server: what changes a file or the names in a directory
 * has that file or directory for itself; what only looks shares it with others that do; renames have the whole tree.
 */

import type {
  Dirent64Init,
  SetStatReq,
  SetStatRespInit,
  StatFSInit,
  Statx,
  StatxInit,
} from '../../generated/lisafs/index.js';
import type { Result } from './failure.js';

export { Statx, unmarshalStatx } from '../../generated/lisafs/index.js';
export type { StatxInit };
export type { Result } from './failure.js';

/** A directory entry. `off` is what getdents64(2) calls it; `type` a DT_* number. */
export type DirectoryEntry = Dirent64Init;
export type FileSystemStat = StatFSInit;
/** What to change; `mask` says which of it (STATX_MODE, _UID, _GID, _SIZE, _ATIME, _MTIME). Valid during the call. */
export type StatChange = Readonly<Pick<SetStatReq, 'mask' | 'mode' | 'uid' | 'gid' | 'size' | 'atime' | 'mtime'>>;
/** Which of it failed, as STATX_* bits, and one errno of those. */
export type StatChangeOutcome = SetStatRespInit;

/**
 * Who shall own a new file, and its permissions, to which no umask is applied. uid and gid of 2^32-1: nobody in
 * particular.
 */
export interface NewFile {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Where a file is in the tree by now: it follows renames. */
export interface Place {
  /** The names from the root to the file. */
  path(): string[];
  /** True once the name was removed or replaced by a client. */
  readonly deleted: boolean;
}

/** A file that was found or made: its owner is whoever got it, and closes it. */
export interface Found {
  readonly file: ControlFile;
  readonly stat: StatxInit;
}

/** A file that was opened. */
export interface Opened {
  readonly file: OpenFile;
  /** A descriptor for the client, if it shall have one; the runtime closes it. */
  readonly hostFD?: number | undefined;
}

export interface Created extends Found {
  readonly opened: Opened;
}

export interface Bound extends Found {
  readonly socket: BoundSocket;
  /**
   * For the client, to wait with for connections: readable while there is one. The runtime closes it. The socket itself
   * would do, but a client can make that block, and with it the `accept` of whoever shares it.
   */
  readonly hostFD: number;
}

export interface Mounted extends Found {
  /** A descriptor of the root for the client, if it shall have one; the runtime closes it. */
  readonly hostFD?: number | undefined;
}

/** A file of the tree, open or not. */
export interface ControlFile {
  /** Called first of all, with the file's place in the tree. */
  attach?(place: Place): void;
  /** Called after the file, or a directory above it, was renamed. */
  renamed?(): void;
  /** Called when nobody needs the file any more. */
  close?(): void;

  /** What is known of it; `into` is an object that may be filled and given back, by what answers at once. */
  stat(into?: Statx): Result<StatxInit>;
  /**
   * As `stat`, at once, by what has it in the form in which it is sent: a Statx's 144 bytes, valid until this is asked
   * again, or a negative errno.
   */
  statBytes?(): Uint8Array | number;
  setStat?(change: StatChange): Result<StatChangeOutcome>;
  /** Finds one name in this directory. -ENOENT where there is none. Symlinks are found, not followed. */
  walk?(name: string): Result<Found>;
  /**
   * What `walk` of one name after another would tell, up to the first that is missing or a symlink, without making
   * files of it. A name that is too long only counts if it is reached. Not needed: without it, the runtime walks.
   */
  walkStat?(names: readonly string[]): Result<StatxInit[]>;
  /** Opens the file: flags are O_RDONLY, O_WRONLY or O_RDWR, with or without O_TRUNC. Never asked of a symlink. */
  open?(flags: number): Result<Opened>;
  /**
   * Makes a regular file in this directory, which must not exist, and opens it with the flags, whatever its mode says.
   */
  create?(name: string, init: NewFile, flags: number): Result<Created>;
  mkdir?(name: string, init: NewFile): Result<Found>;
  /** `init.mode` has the file's type as well. The name can be too long: that the type is not allowed comes first. */
  mknod?(name: string, init: NewFile, major: number, minor: number): Result<Found>;
  /** The name can be too long: that the target is empty comes first. */
  symlink?(name: string, target: string, init: Omit<NewFile, 'mode'>): Result<Found>;
  /** Gives this file, which is no directory, one more name in `directory`. */
  link?(directory: ControlFile, name: string): Result<Found>;
  /** Never asked but of a symlink. */
  readLink?(): Result<string>;
  /** flags: 0, or AT_REMOVEDIR. The name can be too long: that the flags are wrong comes first. */
  unlink?(name: string, flags: number): Result<void>;
  /**
   * flags: those of renameat2(2). Here a name can be too long: that the flags are wrong or the old name is missing
   * comes first.
   */
  rename?(oldName: string, newDirectory: ControlFile, newName: string, flags: number): Result<void>;
  statFS?(): Result<FileSystemStat>;
  /** `size` is how much room the client has, 0 if it asks how much it needs. */
  getXattr?(name: string, size: number): Result<string>;
  setXattr?(name: string, value: string, flags: number): Result<void>;
  listXattr?(size: bigint): Result<string[]>;
  removeXattr?(name: string): Result<void>;
  /**
   * Connects to this socket. Gives a descriptor, which the runtime closes. -EAGAIN where the socket's backlog is full:
   * it is asked again until the connection ends, and others get their turn between two times. It must not wait for room
   * itself: a rename waits for it, and everybody else for the rename.
   */
  connect?(type: number, signal: AbortSignal): Result<number>;
  connectWithCreds?(type: number, uid: number, gid: number, signal: AbortSignal): Result<number>;
  /** Makes a socket in this directory. */
  bind?(name: string, type: number, init: NewFile): Result<Bound>;
}

/**
 * A file that is open for reading or writing. What is not allowed by the flags it was opened with is never asked of
 * it.
 */
export interface OpenFile {
  /**
   * True where `read` answers at once, always: it reads straight into the response then, memory that is the client's as
   * well.
   */
  readonly answersAtOnce?: boolean;
  close?(): void;
  /** What is known of it; `into` is an object that may be filled and given back, by what answers at once. */
  stat(into?: Statx): Result<StatxInit>;
  /** As ControlFile's. */
  statBytes?(): Uint8Array | number;
  /** Reads from `offset` on to `target`. Gives the count of bytes, less than fit only at the end. */
  read?(target: Uint8Array, offset: number | bigint): Result<number>;
  /** `source` is the caller's again when this is answered. */
  write?(source: Uint8Array, offset: number | bigint): Result<number>;
  sync?(): Result<void>;
  allocate?(mode: number, offset: bigint, length: bigint): Result<void>;
  flush?(): Result<void>;
  /**
   * The next entries, without `.` and `..`, of a directory: about `size` bytes as getdents64(2) counts them. Empty at
   * the end.
   */
  readEntries?(size: number, rewind: boolean): Result<readonly DirectoryEntry[]>;
}

export interface BoundSocket {
  close?(): void;
  listen?(backlog: number): Result<void>;
  /**
   * Takes a connection. Gives its descriptor, which the runtime closes. -EAGAIN where none waits: the client asks
   * again.
   */
  accept?(): Result<number>;
}

/** A filesystem. */
export interface Backend {
  /** Refuses all changes with EROFS. */
  readonly readOnly?: boolean;
  /** The root, anew for each Mount of each connection. */
  mount(): Result<Mounted>;
  /** Called once, when the server that it was given to is closed. */
  close?(): void;
}
