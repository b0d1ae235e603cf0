/** What a client may do with a local directory beyond reading and writing files. */

export interface LocalDirectoryOptions {
  /** Refuses all changes with EROFS. False by default. */
  readonly readOnly?: boolean;
  /**
   * Gives the client descriptors of the files that it opens, so that it reads and writes without asking. True by
   * default.
   */
  readonly donate?: boolean;
  /**
   * Unix sockets in the directory: whether clients may connect to them, bind new ones, both, or neither (the default).
   */
  readonly hostUDS?: 'none' | 'open' | 'create' | 'all';
  /** FIFOs in the directory: whether clients may open them. 'none' by default. */
  readonly hostFIFO?: 'none' | 'open';
}

export type LocalOptions = Required<LocalDirectoryOptions>;
