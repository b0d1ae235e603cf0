/** What a client may do with a local directory beyond reading and writing files. */

export interface LocalDirectoryOptions {
  /** Refuses all changes with EROFS, and donates nothing unless told to. False by default. */
  readonly readOnly?: boolean;
  /**
   * Gives the client descriptors of the files that it opens, so that it reads and writes without asking. True by
   * default, but not with `readOnly`: who has one can open the file anew, by /proc/self/fd, to write it if its own
   * permissions say so.
   */
  readonly donate?: boolean;
  /**
   * Unix sockets in the directory: whether clients may connect to them, bind new ones, both, or neither (the default).
   */
  readonly hostUDS?: 'none' | 'open' | 'create' | 'all';
  /**
   * FIFOs in the directory: whether clients may open them. 'none' by default. What is in one goes through a donated
   * descriptor alone.
   */
  readonly hostFIFO?: 'none' | 'open';
}

export type LocalOptions = Required<LocalDirectoryOptions>;
