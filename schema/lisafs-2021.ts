/**
 * LISAFS as gVisor first had it, in September 2021: FDIDs of 32 bits, strings with a 32-bit size, and a Mount that says
 * which tree it wants. Only the messages that begin a connection.
 */

import type { Donates, Empty, List, Message, Opaque, Pad, Str, i64, u16, u32, u64 } from './vocabulary.js';

/** Identifies a file that the server holds open for this connection. */
export type FDID = Opaque<u32>;

/** A user's number; 4294967295 stands for none. */
export type UID = u32;

/** A group's number; 4294967295 stands for none. */
export type GID = u32;

/** A point in time, as statx(2) reports it. */
export interface StatxTimestamp {
  /** Seconds since 1970, negative before. */
  sec: i64;
  /** Nanoseconds within the second. */
  nsec: u32;
  pad0: Pad<4>;
}

/** What is known of a file: the result of statx(2) less its tail, `struct statx` up to the device numbers. */
export interface Statx {
  /** Which of the fields are filled in: STATX_* bits. */
  mask: u32;
  /** The preferred size for input and output. */
  blksize: u32;
  /** STATX_ATTR_* bits. */
  attributes: u64;
  /** How many hard links there are. */
  nlink: u32;
  /** The owner. */
  uid: UID;
  /** The owning group. */
  gid: GID;
  /** File type and permissions: S_IF* and the twelve bits of chmod(2). */
  mode: u16;
  pad0: Pad<2>;
  /** The inode's number. */
  ino: u64;
  /** The file's size in bytes. */
  size: u64;
  /** Storage used, in units of 512 bytes. */
  blocks: u64;
  /** Which bits of `attributes` the file system supports. */
  attributesMask: u64;
  /** When the content was last read. */
  atime: StatxTimestamp;
  /** When the file was made. */
  btime: StatxTimestamp;
  /** When the inode last changed. */
  ctime: StatxTimestamp;
  /** When the content last changed. */
  mtime: StatxTimestamp;
  /** The device that a device file stands for: its major number. */
  rdevMajor: u32;
  /** The same device's minor number. */
  rdevMinor: u32;
  /** The device that holds the file: its major number. */
  devMajor: u32;
  /** The same device's minor number. */
  devMinor: u32;
}

/** A file that the server has made known to the client. */
export interface Inode {
  /** A control FD for it, which the client must close. */
  controlFD: FDID;
  pad0: Pad<4>;
  /** What is known of it. */
  stat: Statx;
}

/**
 * gVisor's file protocol of 2021.
 *
 * @allChannelsOrNone the client gives up as a whole when one of its channels cannot be had
 */
export interface LISAFS2021 {
  /** Answers a request that failed. Never a request. */
  Error: Message<
    0,
    Empty,
    {
      /** An error number of Linux, or a code above 4095 that a schema declares. */
      errno: u32;
    }
  >;

  /** Begins a connection: names the tree's root, the limits, and the messages that the server supports. */
  Mount: Message<
    1,
    {
      /** Which tree: an absolute path, which the server cleans. */
      mountPath: Str<u32>;
    },
    {
      /** The tree's root. */
      root: Inode;
      /** The largest payload, in bytes, that either side may send from now on. */
      maxMessageSize: u32;
      /** The MIDs that the server supports. */
      supportedMs: List<u16>;
    }
  >;

  /** Asks for one more channel. Donates the memory that holds its packet window, and its FD channel's socket. */
  Channel: Message<
    2,
    Empty,
    {
      /** Where in the memory the packet window begins. */
      dataOffset: i64;
      /** The packet window's length in bytes. */
      dataLength: u64;
    },
    Donates<'dataFD', 'fdSocket'>
  >;
}
