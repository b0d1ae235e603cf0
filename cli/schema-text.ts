/** A schema's text, which is UTF-8. */

import { isUtf8 } from 'node:buffer';

/** What is wrong with a file that is not UTF-8, at its first line that is not; undefined for one that is. */
export function wrongEncoding(file: string, bytes: Buffer): string | undefined {
  if (isUtf8(bytes)) return undefined;
  let good = 0;
  while (isUtf8(bytes.subarray(0, bytes.indexOf(0x0a, good) + 1)) && bytes.includes(0x0a, good)) {
    good = bytes.indexOf(0x0a, good) + 1;
  }
  const line = bytes.subarray(0, good).toString('utf8').split('\n').length;
  return `${file}:${line}:1: this line is not UTF-8; save the file as UTF-8`;
}
