/**
 * What `serveFS` asks of an object: methods of node:fs/promises, as many of them as it has. What one that is missing
 * would do is refused. node:fs/promises itself, memfs' `fs.promises` and ZenFS' `promises` are such objects.
 */

/** A Buffer where a name is not UTF-8 and the object takes such names so; else a string. */
export type NodePath = string | Buffer;

/** A number of Stats or of BigIntStats. */
export type Integer = number | bigint;

/** What is known of a file: Stats or BigIntStats of node:fs, or less. Without `mode`, the methods tell the type. */
export interface NodeStats {
  readonly mode?: Integer;
  readonly size?: Integer;
  readonly ino?: Integer;
  readonly dev?: Integer;
  readonly nlink?: Integer;
  readonly uid?: Integer;
  readonly gid?: Integer;
  readonly rdev?: Integer;
  readonly blksize?: Integer;
  readonly blocks?: Integer;
  readonly atimeMs?: Integer;
  readonly mtimeMs?: Integer;
  readonly ctimeMs?: Integer;
  readonly birthtimeMs?: Integer;
  readonly atimeNs?: bigint;
  readonly mtimeNs?: bigint;
  readonly ctimeNs?: bigint;
  readonly birthtimeNs?: bigint;
  isFile?(): boolean;
  isDirectory?(): boolean;
  isSymbolicLink?(): boolean;
}

export interface NodeStatFS {
  readonly type: Integer;
  readonly bsize: Integer;
  readonly blocks: Integer;
  readonly bfree: Integer;
  readonly bavail: Integer;
  readonly files: Integer;
  readonly ffree: Integer;
}

export type NodeEntry = string | Uint8Array | { readonly name: string | Uint8Array };

export interface StatsOptions {
  readonly bigint: boolean;
}

/** FileHandle's methods. Positions are always given, as numbers. */
export interface NodeFileHandle {
  read?(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  write?(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  stat?(options: StatsOptions): Promise<NodeStats>;
  truncate?(size: number): Promise<void>;
  sync?(): Promise<void>;
  chmod?(mode: number): Promise<void>;
  chown?(uid: number, gid: number): Promise<void>;
  utimes?(atime: number, mtime: number): Promise<void>;
  close?(): Promise<void>;
}

/** Flags and modes are given as numbers, times as seconds. */
export interface NodeFS {
  /** At least one of these two. Without `lstat`, the object has no symlinks. */
  stat?(path: NodePath, options: StatsOptions): Promise<NodeStats>;
  lstat?(path: NodePath, options: StatsOptions): Promise<NodeStats>;
  statfs?(path: NodePath, options: StatsOptions): Promise<NodeStatFS>;
  /** Gives names, or objects that have one. For this method and readlink the options are `{ encoding: 'buffer' }`
   * where `rawNames` is 'buffers', else undefined; node:fs has an overload for either and none for both. */
  readdir?(path: NodePath, options: never): Promise<readonly NodeEntry[]>;
  readlink?(path: NodePath, options: never): Promise<string | Uint8Array>;
  open?(path: NodePath, flags: number, mode?: number): Promise<NodeFileHandle>;
  readFile?(path: NodePath): Promise<Uint8Array | string>;
  writeFile?(
    path: NodePath,
    data: Uint8Array,
    options: { readonly mode?: number; readonly flag?: string },
  ): Promise<void>;
  truncate?(path: NodePath, size: number): Promise<void>;
  mkdir?(path: NodePath, options: { readonly mode: number }): Promise<unknown>;
  rmdir?(path: NodePath): Promise<unknown>;
  rm?(path: NodePath, options: { readonly recursive: boolean }): Promise<unknown>;
  unlink?(path: NodePath): Promise<unknown>;
  rename?(oldPath: NodePath, newPath: NodePath): Promise<unknown>;
  link?(existingPath: NodePath, newPath: NodePath): Promise<unknown>;
  symlink?(target: NodePath, path: NodePath): Promise<unknown>;
  chmod?(path: NodePath, mode: number): Promise<unknown>;
  chown?(path: NodePath, uid: number, gid: number): Promise<unknown>;
  lchown?(path: NodePath, uid: number, gid: number): Promise<unknown>;
  utimes?(path: NodePath, atime: number, mtime: number): Promise<unknown>;
  lutimes?(path: NodePath, atime: number, mtime: number): Promise<unknown>;
}

export interface ServeFSOptions {
  /** The directory of the object that is served. `/` by default. */
  readonly root?: string;
  /** Refuses all changes with EROFS. By default only an object that has no method to change anything is read-only. */
  readonly readOnly?: boolean;
  /**
   * How names that are not UTF-8 are given to the object: as Buffers, which it must take and give without loss; as
   * strings with a lone surrogate for each other byte (U+DC80 to U+DCFF), for an object that keeps strings as they are;
   * or not at all, which answers EILSEQ. By default 'buffers' for node:fs/promises itself, 'none' for all others.
   */
  readonly rawNames?: 'buffers' | 'strings' | 'none';
  /** Largest size in bytes to which a file can grow; beyond it is EFBIG. By default what the object allows. */
  readonly maxFileSize?: number;
}
