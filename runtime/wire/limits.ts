/**
 * Every bound that keeps a peer from making this process grow, in one place.
 * A constant's last word is its unit.
 */

/** Largest payload that the client sends before Mount has told it the server's maximum (`lisafs/client.go`). */
export const INITIAL_MAX_MESSAGE_BYTES = 1 << 20;

/**
 * Largest maximum message size that this SDK accepts from a server; a larger one is used as this.
 * gVisor's own servers say 2 MiB - 4096. The socket's buffer and every packet window grow with it.
 */
export const MAX_MESSAGE_BYTES = 64 << 20;

/** Largest packet window that is mapped: the header, the channel header and the largest payload, in whole pages. */
export const MAX_WINDOW_BYTES = MAX_MESSAGE_BYTES + 4096;

/** Smallest packet window: one page (`flipcall/flipcall.go`). */
export const MIN_WINDOW_BYTES = 4096;

/** Most descriptors that one response can donate: numFDs is a u8 in the channel header. */
export const MAX_DONATED_FDS_COUNT = 255;

/** Most descriptors that one sendmsg(2) can carry: SCM_MAX_FD in the kernel's `net/scm.h`. */
export const MAX_RIGHTS_COUNT = 253;

/** A client asks for at least and at most this many channels; between them, as many as there are cpus. */
export const MIN_CHANNELS_COUNT = 2;
export const MAX_CHANNELS_COUNT = 4;

/** Longest answer to the connect request that the flipcall handshake reads: a JSON object, `{}` from gVisor. */
export const MAX_CONNECT_BYTES = 4096;

/** How long a server may take to answer on a channel that it has just given. It answers in microseconds. */
export const HANDSHAKE_TIMEOUT_MS = 5000;

/** Calls that may wait for a communicator, unless a client is told otherwise; each holds its request. */
export const MAX_QUEUED_CALLS_COUNT = 1 << 16;

/** FDIDs are gathered until there are this many, then closed by one Close (`lisafs/client.go`). */
export const CLOSE_BATCH_COUNT = 100;

/** How long a connection that ends waits for its client to take the last answer. */
export const LAST_ANSWER_TIMEOUT_MS = 1000;

/** A thread asleep on a packet window wakes this often to look whether its peer still lives. */
export const LIVENESS_CHECK_MS = 20;

/** Retired packet windows that are kept for reuse, by number and by size together. */
export const MAX_RETIRED_WINDOWS_COUNT = 64;

/** Largest payload that a server takes and gives unless told otherwise: what gVisor's own say. */
export const SERVER_MAX_MESSAGE_BYTES = (2 << 20) - 4096;

/** Smallest maximum message size that a server can be told to have: a page, in which every fixed message fits. */
export const MIN_MAX_MESSAGE_BYTES = 4096;

/** Most threads of one server. */
export const MAX_SERVER_THREADS_COUNT = 64;

/** Most connections of one server at a time; those beyond wait in the listener's backlog. */
export const MAX_CONNECTIONS_COUNT = 1024;

/**
 * Most FDs that one connection can have the server track. Usually the process's limit on descriptors comes first:
 * unless a server is told otherwise, one connection gets no more of them than are left to others (`held-fds.ts`).
 */
export const MAX_TRACKED_FDS_COUNT = 1 << 20;

/** Descriptors that no FD of a client's gets, for new connections, channels and Node; at most a quarter of all. */
export const RESERVED_DESCRIPTORS_COUNT = 256;

/** Longest path that is told of a call, in UTF-16: of a longer one it is the end. The kernel takes none (PATH_MAX). */
export const MAX_TOLD_PATH_CHARACTERS = 4096;

/** Most paths that are told of one call, and most characters of them all: a request can name 65535 files. */
export const MAX_TOLD_PATHS_COUNT = 1024;
export const MAX_TOLD_CHARACTERS = 1 << 18;

/** Longest name of a directory entry (NAME_MAX). */
export const MAX_NAME_BYTES = 255;

/** Most bytes of directory entries, as getdents64(2) counts them, that one Getdents64 reads. */
export const MAX_DIRENTS_BYTES = 1 << 20;

/** Longest description of its protocol that is read from a server: LISAFS's has 28 KiB. */
export const MAX_DESCRIPTION_BYTES = 16 << 20;
