/**
 * LISAFS, gVisor's protocol between a sandbox (the client) and its gofer (the server), as gVisor speaks it now.
 * Numbers, names and layouts are those of gVisor's `pkg/lisafs/message.go`.
 */

import type {
  Closes,
  Bytes,
  Donates,
  Empty,
  List,
  Makes,
  Message,
  Opaque,
  Pad,
  Str,
  i32,
  i64,
  u16,
  u32,
  u64,
  u8,
} from './vocabulary.js';

/**
 * Identifies a file that the server holds open for this connection: a control FD, an open FD or a bound socket FD.
 * Never 0, and never used for another file after it was closed.
 */
export type FDID = Opaque<u64>;

/** A user's number; 4294967295 stands for none. */
export type UID = u32;

/** A group's number; 4294967295 stands for none. */
export type GID = u32;

/** A point in time, as the file system's calls take it. */
export interface Timespec {
  /** Seconds since 1970, negative before. */
  sec: i64;
  /** Nanoseconds within the second, or UTIME_NOW or UTIME_OMIT. */
  nsec: i64;
}

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
  controlFD: Makes<FDID>;
  /** What is known of it. */
  stat: Statx;
}

/** What every request that makes a file begins with. */
export interface CreateCommon {
  /** The directory, a control FD, in which the file is made. */
  dirFD: FDID;
  /** Who shall own it. */
  uid: UID;
  /** Which group shall own it. */
  gid: GID;
  /** Its permissions and, for MknodAt, its type. */
  mode: u16;
  pad0: Pad<2>;
  pad1: Pad<4>;
}

/** A walk: the names are looked up one after the other. */
export interface WalkReq {
  /** Where the walk begins, a control FD of a directory. */
  dirFD: FDID;
  /** Single path components. */
  path: List<Str>;
}

/** What a file system says of itself, as statfs(2) reports it. */
export interface StatFS {
  /** The kind of file system: one of linux/magic.h's numbers. */
  type: u64;
  /** The size of a block in bytes. */
  blockSize: i64;
  /** How many blocks there are. */
  blocks: u64;
  /** How many of them are free. */
  blocksFree: u64;
  /** How many of these an unprivileged user may have. */
  blocksAvailable: u64;
  /** How many inodes there are. */
  files: u64;
  /** How many of them are free. */
  filesFree: u64;
  /** The longest name, in bytes. */
  nameLength: u64;
}

/** Which socket to connect to. */
export interface ConnectReq {
  /** The socket's file, a control FD. */
  fd: FDID;
  /** The type of the socket to be made, SOCK_STREAM and so on, which must be that of the one in the file. */
  sockType: u32;
  pad0: Pad<4>;
}

/** One file moved from a directory to another. */
export interface RenameAtReq {
  /** The directory, a control FD, that the file leaves. */
  oldDir: FDID;
  /** The directory, a control FD, that the file goes to. */
  newDir: FDID;
  /** Its name before. */
  oldName: Str;
  /** Its name afterwards. */
  newName: Str;
}

/** RenameAtReq with the flags of renameat2(2). */
export interface RenameAt2Req extends RenameAtReq {
  /** RENAME_NOREPLACE and its like. */
  flags: u32;
}

/** ConnectReq and who connects. */
export interface ConnectWithCredsReq extends ConnectReq {
  /** The effective user whom the server connects as. */
  uid: UID;
  /** The effective group whom the server connects as. */
  gid: GID;
}

/** A new file that is to be opened. */
export interface OpenCreateAtReq extends CreateCommon {
  /** O_* flags. */
  flags: u32;
  /** A single path component. */
  name: Str;
}

/** A new directory. */
export interface MkdirAtReq extends CreateCommon {
  /** A single path component. */
  name: Str;
}

/** A new file of any kind that mknod(2) can make. */
export interface MknodAtReq extends CreateCommon {
  /** A device's minor number. */
  minor: u32;
  /** A device's major number. */
  major: u32;
  /** A single path component. */
  name: Str;
}

/** A new socket's file. */
export interface BindAtReq extends CreateCommon {
  /** The socket's type, SOCK_STREAM and so on. */
  sockType: u32;
  /** A single path component. */
  name: Str;
}

/** One entry of a directory. */
export interface Dirent64 {
  /** The inode's number. */
  ino: u64;
  /** The device that holds the file: its minor number. */
  devMinor: u32;
  /** The same device's major number. */
  devMajor: u32;
  /** The position after this entry: any 64 bits, nothing to compute with. */
  off: u64;
  /** The file's type, DT_*. */
  type: u8;
  /** The name, which is bytes; `.` and `..` are left out. */
  name: Str;
}

/** gVisor's file protocol. */
export interface LISAFS {
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
    Empty,
    {
      /** The tree's root. */
      root: Inode;
      /** The largest payload, in bytes, that either side may send from now on. */
      maxMessageSize: u32;
      /** The MIDs that the server supports. */
      supportedMs: List<u16>;
    },
    Donates<'hostFD'>
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

  /** Tells what is known of a file, as fstat(2) does. */
  FStat: Message<
    3,
    {
      /** A control FD or an open FD. */
      fd: FDID;
    },
    Statx
  >;

  /**
   * Changes what is recorded about a file: permissions, owner, size and times in one go. Each can fail on its own; the
   * response says which did.
   */
  SetStat: Message<
    4,
    {
      /** The file, a control FD. */
      fd: FDID;
      /** Which of the fields to set: STATX_* bits. */
      mask: u32;
      /** The new permissions. */
      mode: u32;
      /** The new owner. */
      uid: UID;
      /** The new group. */
      gid: GID;
      /** The new size in bytes. */
      size: u64;
      /** The new time of the last access. */
      atime: Timespec;
      /** The new time of the last change. */
      mtime: Timespec;
    },
    {
      /** Which of the changes failed: STATX_* bits. */
      failureMask: u32;
      /** The last failure's error number. */
      failureErrNo: u32;
    }
  >;

  /**
   * Walks from a directory along path components. Ends early at a symlink, which is for the client to follow, and at a
   * component that does not exist.
   */
  Walk: Message<
    5,
    WalkReq,
    {
      /**
       * How it ended: 0 at the last component, 1 at one that does not exist, 2 at a symlink with components after it.
       */
      status: u8;
      /** What was found on the way, one for each component; their control FDs are the client's to close. */
      inodes: List<Inode>;
    }
  >;

  /**
   * Walks as Walk does, but only reports what is known of the files. An empty first component asks about the directory
   * where the walk begins.
   */
  WalkStat: Message<
    6,
    WalkReq,
    {
      /** One for each component that was found; fewer than asked for when the walk ended early. */
      stats: List<Statx>;
    }
  >;

  /** Opens a file. Donates a descriptor of it where the server can and will. */
  OpenAt: Message<
    7,
    {
      /** The file, a control FD. */
      fd: FDID;
      /** O_* flags. */
      flags: u32;
      pad0: Pad<4>;
    },
    {
      /** The new open FD, which the client must close. */
      openFD: Makes<FDID>;
    },
    Donates<'hostFD'>
  >;

  /** Makes a regular file that must not exist yet, and opens it. Donates a descriptor as OpenAt does. */
  OpenCreateAt: Message<
    8,
    OpenCreateAtReq,
    {
      /** The new file; its control FD is the client's to close. */
      child: Inode;
      /** The new open FD, which the client must close. */
      newFD: Makes<FDID>;
    },
    Donates<'hostFD'>
  >;

  /** Closes FDs, many at once. One that is not known is passed over. */
  Close: Message<
    9,
    {
      /** FDs of any kind. */
      fds: Closes<List<FDID>>;
    },
    Empty
  >;

  /** Writes files' content to storage, as fsync(2) does, for many at once. */
  FSync: Message<
    10,
    {
      /** Open FDs. */
      fds: List<FDID>;
    },
    Empty
  >;

  /** Writes at a position, as pwrite(2) does. */
  PWrite: Message<
    11,
    {
      /** Where in the file to write. */
      offset: u64;
      /** An open FD. */
      fd: FDID;
      /** What to write. */
      data: Bytes<u32>;
    },
    {
      /** How many bytes were written. */
      count: u64;
    }
  >;

  /** Reads at a position, as pread(2) does. */
  PRead: Message<
    12,
    {
      /** Where in the file to read. */
      offset: u64;
      /** An open FD. */
      fd: FDID;
      /** How many bytes to read at most. */
      count: u32;
      pad0: Pad<4>;
    },
    {
      /** What was read; nothing at the file's end. */
      data: Bytes<u64>;
    }
  >;

  /** Makes a directory. */
  MkdirAt: Message<
    13,
    MkdirAtReq,
    {
      /** The new directory; its control FD is the client's to close. */
      childDir: Inode;
    }
  >;

  /** Makes a file of another kind, as mknod(2) does. */
  MknodAt: Message<
    14,
    MknodAtReq,
    {
      /** The new file; its control FD is the client's to close. */
      child: Inode;
    }
  >;

  /** Makes a symlink. */
  SymlinkAt: Message<
    15,
    {
      /** The directory, a control FD, in which it is made. */
      dirFD: FDID;
      /** Who shall own it. */
      uid: UID;
      /** Which group shall own it. */
      gid: GID;
      /** A single path component. */
      name: Str;
      /** What it says: any bytes but NUL. */
      target: Str;
    },
    {
      /** The new symlink; its control FD is the client's to close. */
      symlink: Inode;
    }
  >;

  /** Gives a file one more name. */
  LinkAt: Message<
    16,
    {
      /** The directory, a control FD, that gets the name. */
      dirFD: FDID;
      /** The file, a control FD. */
      target: FDID;
      /** A single path component. */
      name: Str;
    },
    {
      /** The file under its new name; its control FD is the client's to close. */
      link: Inode;
    }
  >;

  /** Tells about the file system that holds a file, as fstatfs(2) does. */
  FStatFS: Message<
    17,
    {
      /** A control FD. */
      fd: FDID;
    },
    StatFS
  >;

  /** Reserves, frees or clears storage of a file, as fallocate(2) does. */
  FAllocate: Message<
    18,
    {
      /** An open FD that was opened for writing. */
      fd: FDID;
      /** FALLOC_FL_* flags; 0 reserves. */
      mode: u64;
      /** Where the range begins. */
      offset: u64;
      /** How long it is. */
      length: u64;
    },
    Empty
  >;

  /** Tells what a symlink says. */
  ReadLinkAt: Message<
    19,
    {
      /** The symlink, a control FD. */
      fd: FDID;
    },
    {
      /** What it says. */
      target: Str;
    }
  >;

  /** Lets the server do whatever belongs to the closing of a file. Not every server supports it. */
  Flush: Message<
    20,
    {
      /** An open FD. */
      fd: FDID;
    },
    Empty
  >;

  /** Connects to a socket that is bound in the file system. Donates the connected socket. */
  Connect: Message<21, ConnectReq, Empty, Donates<'socket'>>;

  /** Removes a name, and a directory with AT_REMOVEDIR. */
  UnlinkAt: Message<
    22,
    {
      /** The directory, a control FD, that loses the name. */
      dirFD: FDID;
      /** 0 or AT_REMOVEDIR. */
      flags: u32;
      /** A single path component. */
      name: Str;
    },
    Empty
  >;

  /** Moves or renames a file, replacing what had its new name. */
  RenameAt: Message<23, RenameAtReq, Empty>;

  /** Reads the next entries of a directory, as getdents64(2) does. */
  Getdents64: Message<
    24,
    {
      /** The directory: an open FD, for all its name. */
      dirFD: FDID;
      /** How many bytes the kernel's entries may take; negative to begin anew, and then its magnitude. */
      count: i32;
      pad0: Pad<4>;
    },
    {
      /** The entries; none at the end. */
      dirents: List<Dirent64>;
    }
  >;

  /** Reads an extended attribute. */
  FGetXattr: Message<
    25,
    {
      /** The file, a control FD. */
      fd: FDID;
      /** The longest value that is wanted. */
      bufSize: u32;
      /** The attribute's full name, `user.x`. */
      name: Str;
    },
    {
      /** The value, any bytes. */
      value: Str;
    }
  >;

  /** Sets an extended attribute. */
  FSetXattr: Message<
    26,
    {
      /** The file, a control FD. */
      fd: FDID;
      /** XATTR_CREATE, XATTR_REPLACE or 0. */
      flags: u32;
      /** The attribute's full name. */
      name: Str;
      /** The value, any bytes. */
      value: Str;
    },
    Empty
  >;

  /** Lists the names of a file's extended attributes. */
  FListXattr: Message<
    27,
    {
      /** The file, a control FD. */
      fd: FDID;
      /** The longest list that is wanted, in bytes, as listxattr(2) counts them. */
      size: u64;
    },
    {
      /** Full names. */
      xattrs: List<Str>;
    }
  >;

  /** Removes an extended attribute. */
  FRemoveXattr: Message<
    28,
    {
      /** The file, a control FD. */
      fd: FDID;
      /** The attribute's full name. */
      name: Str;
    },
    Empty
  >;

  /** Makes a socket and binds it in the file system. Donates the bound socket. */
  BindAt: Message<
    29,
    BindAtReq,
    {
      /** The socket's file; its control FD is the client's to close. */
      child: Inode;
      /** The bound socket FD, which the client must close. */
      boundSocketFD: Makes<FDID>;
    },
    Donates<'socket'>
  >;

  /** Lets a bound socket take connections. */
  Listen: Message<
    30,
    {
      /** A bound socket FD. */
      fd: FDID;
      /** How many connections may wait to be accepted. */
      backlog: i32;
      pad0: Pad<4>;
    },
    Empty
  >;

  /** Accepts a connection on a listening socket. Donates it. */
  Accept: Message<
    31,
    {
      /** A bound socket FD. */
      fd: FDID;
    },
    {
      /** The peer's address as the kernel writes it: any bytes, the first NUL for an abstract one. */
      peerAddr: Str;
    },
    Donates<'connection'>
  >;

  /** Connects as Connect does, in the name of a user and a group. Donates the connected socket. */
  ConnectWithCreds: Message<32, ConnectWithCredsReq, Empty, Donates<'socket'>>;

  /** Moves or renames a file, as renameat2(2) does. */
  RenameAt2: Message<33, RenameAt2Req, Empty>;
}
