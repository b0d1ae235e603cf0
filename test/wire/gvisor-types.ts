/** gVisor's types and their fields, under gVisor's names (`pkg/lisafs/message.go`), and what they are called here. */

/** What a vector's value is: an integer of any width, a string, bytes, lists of them, or a type of this table. */
export type Kind =
  'integer' | 'string' | 'bytes' | 'strings' | 'integers' | { readonly struct: string } | { readonly list: string };

export interface GvisorType {
  /** The type's name in generated code; 'Empty' for a message without content. */
  readonly codec: string;
  /** Where it is used, `3 req`; not given for what is only a part of messages. */
  readonly messages?: readonly string[];
  /** gVisor's field, ours and its kind. */
  readonly fields: Readonly<Record<string, readonly [name: string, kind: Kind]>>;
  /** A field that gVisor has besides the bytes that it counts. */
  readonly counts?: readonly [count: string, bytes: string];
}

type Fields = GvisorType['fields'];

const inode = (name: string): readonly [string, Kind] => [name, { struct: 'Inode' }];
const timestamp = (name: string): readonly [string, Kind] => [name, { struct: 'StatxTimestamp' }];
const timespec = (name: string): readonly [string, Kind] => [name, { struct: 'Timespec' }];
const FD: Fields = { FD: ['fd', 'integer'] };
const NAME: Fields = { Name: ['name', 'string'] };
const CREDENTIALS: Fields = { UID: ['uid', 'integer'], GID: ['gid', 'integer'] };
const CREATE_COMMON: Fields = { DirFD: ['dirFD', 'integer'], ...CREDENTIALS, Mode: ['mode', 'integer'] };
const RENAME: Fields = {
  OldDir: ['oldDir', 'integer'],
  NewDir: ['newDir', 'integer'],
  OldName: ['oldName', 'string'],
  NewName: ['newName', 'string'],
};
const WALK: Fields = { DirFD: ['dirFD', 'integer'], Path: ['path', 'strings'] };

/** Types embedded in others; a vector may show their fields as the outer type's, as Go does, or as one field. */
export const EMBEDDED: readonly string[] = ['createCommon', 'ConnectReq', 'RenameAtReq'];

function empty(...messages: string[]): GvisorType {
  return { codec: 'Empty', messages, fields: {} };
}

export const GVISOR_TYPES: Readonly<Record<string, GvisorType>> = {
  // Parts of messages. A string or a list alone is what some message consists of.
  EmptyMessage: { codec: 'Empty', fields: {} },
  SizedString: { codec: 'ReadLinkAtResp', fields: { Value: ['target', 'string'] } },
  StringArray: { codec: 'FListXattrResp', fields: { Value: ['xattrs', 'strings'] } },
  FdArray: { codec: 'CloseReq', fields: { Value: ['fds', 'integers'] } },
  Timespec: { codec: 'Timespec', fields: { Sec: ['sec', 'integer'], Nsec: ['nsec', 'integer'] } },
  StatxTimestamp: { codec: 'StatxTimestamp', fields: { Sec: ['sec', 'integer'], Nsec: ['nsec', 'integer'] } },
  Statx: {
    codec: 'Statx',
    messages: ['3 resp'],
    fields: {
      Mask: ['mask', 'integer'],
      Blksize: ['blksize', 'integer'],
      Attributes: ['attributes', 'integer'],
      Nlink: ['nlink', 'integer'],
      ...CREDENTIALS,
      Mode: ['mode', 'integer'],
      Ino: ['ino', 'integer'],
      Size: ['size', 'integer'],
      Blocks: ['blocks', 'integer'],
      AttributesMask: ['attributesMask', 'integer'],
      Atime: timestamp('atime'),
      Btime: timestamp('btime'),
      Ctime: timestamp('ctime'),
      Mtime: timestamp('mtime'),
      RdevMajor: ['rdevMajor', 'integer'],
      RdevMinor: ['rdevMinor', 'integer'],
      DevMajor: ['devMajor', 'integer'],
      DevMinor: ['devMinor', 'integer'],
    },
  },
  Inode: { codec: 'Inode', fields: { ControlFD: ['controlFD', 'integer'], Stat: ['stat', { struct: 'Statx' }] } },
  createCommon: { codec: 'CreateCommon', fields: CREATE_COMMON },
  Dirent64: {
    codec: 'Dirent64',
    fields: {
      Ino: ['ino', 'integer'],
      DevMinor: ['devMinor', 'integer'],
      DevMajor: ['devMajor', 'integer'],
      Off: ['off', 'integer'],
      Type: ['type', 'integer'],
      ...NAME,
    },
  },

  // Messages, by their MIDs.
  ErrorResp: { codec: 'ErrorResp', messages: ['0 resp'], fields: { errno: ['errno', 'integer'] } },
  MountReq: empty('1 req'),
  MountResp: {
    codec: 'MountResp',
    messages: ['1 resp'],
    fields: {
      Root: inode('root'),
      MaxMessageSize: ['maxMessageSize', 'integer'],
      SupportedMs: ['supportedMs', 'integers'],
    },
  },
  ChannelReq: empty('2 req'),
  ChannelResp: {
    codec: 'ChannelResp',
    messages: ['2 resp'],
    fields: { dataOffset: ['dataOffset', 'integer'], dataLength: ['dataLength', 'integer'] },
  },
  StatReq: { codec: 'FStatReq', messages: ['3 req'], fields: FD },
  SetStatReq: {
    codec: 'SetStatReq',
    messages: ['4 req'],
    fields: {
      ...FD,
      Mask: ['mask', 'integer'],
      Mode: ['mode', 'integer'],
      ...CREDENTIALS,
      Size: ['size', 'integer'],
      Atime: timespec('atime'),
      Mtime: timespec('mtime'),
    },
  },
  SetStatResp: {
    codec: 'SetStatResp',
    messages: ['4 resp'],
    fields: { FailureMask: ['failureMask', 'integer'], FailureErrNo: ['failureErrNo', 'integer'] },
  },
  WalkReq: { codec: 'WalkReq', messages: ['5 req', '6 req'], fields: WALK },
  WalkResp: {
    codec: 'WalkResp',
    messages: ['5 resp'],
    fields: { Status: ['status', 'integer'], Inodes: ['inodes', { list: 'Inode' }] },
  },
  WalkStatResp: { codec: 'WalkStatResp', messages: ['6 resp'], fields: { Stats: ['stats', { list: 'Statx' }] } },
  OpenAtReq: { codec: 'OpenAtReq', messages: ['7 req'], fields: { ...FD, Flags: ['flags', 'integer'] } },
  OpenAtResp: { codec: 'OpenAtResp', messages: ['7 resp'], fields: { OpenFD: ['openFD', 'integer'] } },
  OpenCreateAtReq: {
    codec: 'OpenCreateAtReq',
    messages: ['8 req'],
    fields: { ...CREATE_COMMON, Flags: ['flags', 'integer'], ...NAME },
  },
  OpenCreateAtResp: {
    codec: 'OpenCreateAtResp',
    messages: ['8 resp'],
    fields: { Child: inode('child'), NewFD: ['newFD', 'integer'] },
  },
  CloseReq: { codec: 'CloseReq', messages: ['9 req'], fields: { FDs: ['fds', 'integers'] } },
  CloseResp: empty('9 resp'),
  FsyncReq: { codec: 'FSyncReq', messages: ['10 req'], fields: { FDs: ['fds', 'integers'] } },
  FsyncResp: empty('10 resp'),
  PWriteReq: {
    codec: 'PWriteReq',
    messages: ['11 req'],
    fields: { Offset: ['offset', 'integer'], ...FD, Buf: ['data', 'bytes'] },
    counts: ['NumBytes', 'Buf'],
  },
  PWriteResp: { codec: 'PWriteResp', messages: ['11 resp'], fields: { Count: ['count', 'integer'] } },
  PReadReq: {
    codec: 'PReadReq',
    messages: ['12 req'],
    fields: { Offset: ['offset', 'integer'], ...FD, Count: ['count', 'integer'] },
  },
  PReadResp: {
    codec: 'PReadResp',
    messages: ['12 resp'],
    fields: { Buf: ['data', 'bytes'] },
    counts: ['NumBytes', 'Buf'],
  },
  MkdirAtReq: { codec: 'MkdirAtReq', messages: ['13 req'], fields: { ...CREATE_COMMON, ...NAME } },
  MkdirAtResp: { codec: 'MkdirAtResp', messages: ['13 resp'], fields: { ChildDir: inode('childDir') } },
  MknodAtReq: {
    codec: 'MknodAtReq',
    messages: ['14 req'],
    fields: { ...CREATE_COMMON, Minor: ['minor', 'integer'], Major: ['major', 'integer'], ...NAME },
  },
  MknodAtResp: { codec: 'MknodAtResp', messages: ['14 resp'], fields: { Child: inode('child') } },
  SymlinkAtReq: {
    codec: 'SymlinkAtReq',
    messages: ['15 req'],
    fields: { DirFD: ['dirFD', 'integer'], ...CREDENTIALS, ...NAME, Target: ['target', 'string'] },
  },
  SymlinkAtResp: { codec: 'SymlinkAtResp', messages: ['15 resp'], fields: { Symlink: inode('symlink') } },
  LinkAtReq: {
    codec: 'LinkAtReq',
    messages: ['16 req'],
    fields: { DirFD: ['dirFD', 'integer'], Target: ['target', 'integer'], ...NAME },
  },
  LinkAtResp: { codec: 'LinkAtResp', messages: ['16 resp'], fields: { Link: inode('link') } },
  FStatFSReq: { codec: 'FStatFSReq', messages: ['17 req'], fields: FD },
  StatFS: {
    codec: 'StatFS',
    messages: ['17 resp'],
    fields: {
      Type: ['type', 'integer'],
      BlockSize: ['blockSize', 'integer'],
      Blocks: ['blocks', 'integer'],
      BlocksFree: ['blocksFree', 'integer'],
      BlocksAvailable: ['blocksAvailable', 'integer'],
      Files: ['files', 'integer'],
      FilesFree: ['filesFree', 'integer'],
      NameLength: ['nameLength', 'integer'],
    },
  },
  FAllocateReq: {
    codec: 'FAllocateReq',
    messages: ['18 req'],
    fields: { ...FD, Mode: ['mode', 'integer'], Offset: ['offset', 'integer'], Length: ['length', 'integer'] },
  },
  FAllocateResp: empty('18 resp'),
  ReadLinkAtReq: { codec: 'ReadLinkAtReq', messages: ['19 req'], fields: FD },
  ReadLinkAtResp: { codec: 'ReadLinkAtResp', messages: ['19 resp'], fields: { Target: ['target', 'string'] } },
  FlushReq: { codec: 'FlushReq', messages: ['20 req'], fields: FD },
  FlushResp: empty('20 resp'),
  ConnectReq: { codec: 'ConnectReq', messages: ['21 req'], fields: { ...FD, SockType: ['sockType', 'integer'] } },
  ConnectResp: { codec: 'ConnectResp', messages: ['21 resp', '32 resp'], fields: {} },
  UnlinkAtReq: {
    codec: 'UnlinkAtReq',
    messages: ['22 req'],
    fields: { DirFD: ['dirFD', 'integer'], Flags: ['flags', 'integer'], ...NAME },
  },
  UnlinkAtResp: empty('22 resp'),
  RenameAtReq: { codec: 'RenameAtReq', messages: ['23 req'], fields: RENAME },
  RenameAtResp: empty('23 resp', '33 resp'),
  Getdents64Req: {
    codec: 'Getdents64Req',
    messages: ['24 req'],
    fields: { DirFD: ['dirFD', 'integer'], Count: ['count', 'integer'] },
  },
  Getdents64Resp: {
    codec: 'Getdents64Resp',
    messages: ['24 resp'],
    fields: { Dirents: ['dirents', { list: 'Dirent64' }] },
  },
  FGetXattrReq: {
    codec: 'FGetXattrReq',
    messages: ['25 req'],
    fields: { ...FD, BufSize: ['bufSize', 'integer'], ...NAME },
  },
  FGetXattrResp: { codec: 'FGetXattrResp', messages: ['25 resp'], fields: { Value: ['value', 'string'] } },
  FSetXattrReq: {
    codec: 'FSetXattrReq',
    messages: ['26 req'],
    fields: { ...FD, Flags: ['flags', 'integer'], ...NAME, Value: ['value', 'string'] },
  },
  FSetXattrResp: empty('26 resp'),
  FListXattrReq: { codec: 'FListXattrReq', messages: ['27 req'], fields: { ...FD, Size: ['size', 'integer'] } },
  FListXattrResp: { codec: 'FListXattrResp', messages: ['27 resp'], fields: { Xattrs: ['xattrs', 'strings'] } },
  FRemoveXattrReq: { codec: 'FRemoveXattrReq', messages: ['28 req'], fields: { ...FD, ...NAME } },
  FRemoveXattrResp: empty('28 resp'),
  BindAtReq: {
    codec: 'BindAtReq',
    messages: ['29 req'],
    fields: { ...CREATE_COMMON, SockType: ['sockType', 'integer'], ...NAME },
  },
  BindAtResp: {
    codec: 'BindAtResp',
    messages: ['29 resp'],
    fields: { Child: inode('child'), BoundSocketFD: ['boundSocketFD', 'integer'] },
  },
  ListenReq: { codec: 'ListenReq', messages: ['30 req'], fields: { ...FD, Backlog: ['backlog', 'integer'] } },
  ListenResp: empty('30 resp'),
  AcceptReq: { codec: 'AcceptReq', messages: ['31 req'], fields: FD },
  AcceptResp: { codec: 'AcceptResp', messages: ['31 resp'], fields: { PeerAddr: ['peerAddr', 'string'] } },
  ConnectWithCredsReq: {
    codec: 'ConnectWithCredsReq',
    messages: ['32 req'],
    fields: { ...FD, SockType: ['sockType', 'integer'], ...CREDENTIALS },
  },
  ConnectWithCredsResp: { codec: 'ConnectWithCredsResp', messages: ['32 resp'], fields: {} },
  RenameAt2Req: { codec: 'RenameAt2Req', messages: ['33 req'], fields: { ...RENAME, Flags: ['flags', 'integer'] } },
  RenameAt2Resp: empty('33 resp'),
};

/** Other names for the same types: Go's wrappers, and what a MID's name suggests. */
export const OTHER_NAMES: Readonly<Record<string, string>> = {
  Empty: 'EmptyMessage',
  SizedStringMsg: 'SizedString',
  StringArrayMsg: 'StringArray',
  FdArrayMsg: 'FdArray',
  FStatReq: 'StatReq',
  FStatResp: 'Statx',
  StatResp: 'Statx',
  WalkStatReq: 'WalkReq',
  FStatFSResp: 'StatFS',
  Dirent: 'Dirent64',
};
