/** Whole files: reading one to its end and writing one from data of any kind, in pieces that can be aborted between. */

import type { Stream } from 'node:stream';
import { wrongType } from '../wire/invalid.js';
import { optionsOf } from './client-arguments.js';
import { bytesIn, type Content } from './client-content.js';
import { checkAborted, codedError } from './client-errors.js';

/** How much is read or written by one call. */
const PIECE_BYTES = 512 * 1024;
/** How much is read at first of a file that gives no size, or 0. */
const UNKNOWN_SIZE_BYTES = 64 * 1024;
/** Node's limit for a file that is read whole. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

type Piece = NodeJS.ArrayBufferView | string;

/** What writeFile takes. */
export type WriteData = Piece | Iterable<Piece> | AsyncIterable<Piece> | Stream;

export interface ReadFileOptions {
  readonly encoding?: string | null;
  readonly flag?: string | number;
  readonly signal?: AbortSignal | undefined;
}

export interface WriteFileOptions extends ReadFileOptions {
  readonly mode?: number | string;
  readonly flush?: boolean;
}

/** Reads from the file's position to its end. `size` is what it may be: right, it saves copying. */
export async function readAll(
  content: Content,
  size: number,
  options?: ReadFileOptions | string | null,
): Promise<string | Buffer> {
  const { signal, encoding } = optionsOf<ReadFileOptions>(options);
  checkAborted(signal);
  if (size > MAX_FILE_BYTES) {
    throw codedError('ERR_FS_FILE_TOO_LARGE', `File size (${size}) is greater than 2 GiB`);
  }
  const bytes = await readPieces(content, size, signal);
  return encoding ? bytes.toString(encoding as BufferEncoding) : bytes;
}

async function readPieces(content: Content, size: number, signal: AbortSignal | undefined): Promise<Buffer> {
  // One byte more than expected, so that the read that finds the end is not one of its own where the size is right.
  let buffer = Buffer.allocUnsafeSlow(size > 0 ? size + 1 : UNKNOWN_SIZE_BYTES);
  for (let done = 0; ;) {
    checkAborted(signal);
    const piece = buffer.subarray(done, done + PIECE_BYTES);
    const count = await content.read(piece, null);
    done += count;
    if (count === 0 || (done === size && count < piece.length)) return buffer.subarray(0, done);
    if (done === buffer.length) buffer = Buffer.concat([buffer], done * 2);
  }
}

/** Writes data of any kind piece by piece: `write` gets bytes and returns how many of them it wrote. */
export async function writeAll(
  write: (bytes: Uint8Array) => Promise<number>,
  data: WriteData,
  options?: WriteFileOptions | string | null,
): Promise<void> {
  const { signal, encoding } = optionsOf<WriteFileOptions>(options);
  const pieces = checkData(data);
  checkAborted(signal);
  for await (const piece of pieces) {
    const bytes =
      typeof piece === 'string' ? Buffer.from(piece, (encoding || 'utf8') as BufferEncoding) : bytesIn(piece);
    for (let done = 0; done < bytes.length;) {
      checkAborted(signal);
      done += await write(bytes.subarray(done, done + PIECE_BYTES));
    }
    checkAborted(signal);
  }
}

/** The pieces of data: itself if it is one. Throws for what cannot be written. */
export function checkData(data: WriteData): Iterable<Piece> | AsyncIterable<Piece> {
  if (typeof data === 'string' || ArrayBuffer.isView(data)) return [data];
  if (typeof data === 'object' && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data)) {
    return data as Iterable<Piece>;
  }
  throw wrongType('data', 'of type string or an instance of Buffer, TypedArray, DataView or an iterable', data);
}
