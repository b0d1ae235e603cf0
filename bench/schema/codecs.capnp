# The same messages as schema/lisafs.ts declares, for capnp-es.
@0xb1c5a1d6f0e4a7c3;

struct Timestamp { sec @0 :Int64; nsec @1 :UInt32; }

struct Statx {
  mask @0 :UInt32;
  blksize @1 :UInt32;
  attributes @2 :UInt64;
  nlink @3 :UInt32;
  uid @4 :UInt32;
  gid @5 :UInt32;
  mode @6 :UInt16;
  ino @7 :UInt64;
  size @8 :UInt64;
  blocks @9 :UInt64;
  attributesMask @10 :UInt64;
  atime @11 :Timestamp;
  btime @12 :Timestamp;
  ctime @13 :Timestamp;
  mtime @14 :Timestamp;
  rdevMajor @15 :UInt32;
  rdevMinor @16 :UInt32;
  devMajor @17 :UInt32;
  devMinor @18 :UInt32;
}

struct Inode { controlFD @0 :UInt64; stat @1 :Statx; }
struct WalkResp { status @0 :UInt8; inodes @1 :List(Inode); }

struct Dirent { ino @0 :UInt64; devMinor @1 :UInt32; devMajor @2 :UInt32; off @3 :UInt64; type @4 :UInt8; name @5 :Text; }
struct Dirents { dirents @0 :List(Dirent); }
