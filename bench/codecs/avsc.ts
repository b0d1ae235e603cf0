/** avsc, encoding into a buffer that is reused. Its long is a number, exact up to 2^53: larger ones it cannot carry. */

import avro from 'avsc';
import { direntsSum, statxSum, walkSum } from './checksums.js';
import { variants, type Codec, type RoundTrip } from './codec.js';
import { direntsValue, statxValue, walkValue } from './values.js';

const BUFFER_BYTES = 65_536;

const field = (type: unknown, ...names: string[]): object[] => names.map((name) => ({ name, type }));
const record = (name: string, fields: object[]): avro.Type =>
  avro.Type.forSchema({ type: 'record', name, fields } as avro.Schema, { registry: {} });

/* Avro's int is signed: what is a u32 here has to be a long, but for what is known to be small. */
const timestamp = { type: 'record', name: 'Timestamp', fields: [...field('long', 'sec'), ...field('int', 'nsec')] };
const statxFields = [
  ...field('long', 'mask', 'blksize', 'attributes', 'nlink', 'uid', 'gid'),
  ...field('int', 'mode'),
  ...field('long', 'ino', 'size', 'blocks', 'attributesMask'),
  ...field(timestamp, 'atime'),
  ...field('Timestamp', 'btime', 'ctime', 'mtime'),
  ...field('long', 'rdevMajor', 'rdevMinor', 'devMajor', 'devMinor'),
];
const inode = {
  type: 'record',
  name: 'Inode',
  fields: [
    ...field('long', 'controlFD'),
    ...field({ type: 'record', name: 'InodeStatx', fields: statxFields }, 'stat'),
  ],
};
const dirent = {
  type: 'record',
  name: 'Dirent',
  fields: [...field('long', 'ino', 'devMinor', 'devMajor', 'off'), ...field('int', 'type'), ...field('string', 'name')],
};

const STATX = record('Statx', statxFields);
const WALK = record('WalkResp', [...field('int', 'status'), ...field({ type: 'array', items: inode }, 'inodes')]);
const DIRENTS = record('Dirents', field({ type: 'array', items: dirent }, 'dirents'));

function roundTrip<Value>(
  type: avro.Type,
  value: (i: number) => Value,
  sum: (value: Value) => number,
): () => RoundTrip {
  return () => {
    const [buffer, sources] = [Buffer.alloc(BUFFER_BYTES), variants(value, (same) => same)];
    return (i) => {
      if (type.encode(sources[i]!, buffer, 0) < 0) throw new Error('the buffer is too small');
      return sum(type.decode(buffer, 0).value as Value);
    };
  };
}

export const avsc: Codec = {
  statx: roundTrip(STATX, statxValue, statxSum),
  walk: roundTrip(WALK, walkValue, walkSum),
  dirents: roundTrip(DIRENTS, direntsValue, direntsSum),
  huge: (size) => (STATX.fromBuffer(STATX.toBuffer({ ...statxValue(0), size: Number(size) })) as { size: number }).size,
};
