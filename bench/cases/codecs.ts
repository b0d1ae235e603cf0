/** Encoding and decoding by itself, every field read, beside the codecs that people use. */

import type { MessageName } from '../codecs/codec.js';
import { measure } from '../rounds.js';
import type { SideSpec } from '../side.js';
import type { Case } from './case.js';

const CODECS: Readonly<Record<string, string>> = {
  ours: 'payload and messages reused; 64-bit fields read as numbers',
  json: 'JSON.parse(JSON.stringify(value))',
  msgpackr: 'shared record structures, REUSE_BUFFER_MODE | RESET_BUFFER_MODE',
  avsc: 'encode into a reused Buffer',
  protobufjs: 'static code, Writer reused, no Long: 64-bit fields rounded to numbers',
  'protobuf-es': 'toBinary, fromBinary; 64-bit fields are bigints',
  flatbuffers: 'structs, Builder and accessors reused, read where written; 64-bit fields are bigints',
  capnp: '64-bit fields are bigints',
};

/** Over which allocation is counted. */
const BYTES_CALLS = 1_000_000;
/** A million of these would take minutes for no more precision. */
const LARGE_BYTES_CALLS = 20_000;

function codecCase(message: MessageName, title: string, huge = false): Case {
  return {
    name: `codec-${message}${huge ? '-huge' : ''}`,
    title,
    run: async (effort) => {
      const sides = Object.entries(CODECS).map(([name, flags]): SideSpec => ({
        name,
        program: 'codec',
        args: [name, message, ...(huge ? ['huge'] : [])],
        flags,
      }));
      const bytesCalls = message === 'statx' ? BYTES_CALLS : LARGE_BYTES_CALLS;
      return { unit: 'ns', ...(await measure({ sides, bytesCalls }, effort)) };
    },
  };
}

export const codecs: readonly Case[] = [
  codecCase('statx', 'encode and decode a Statx, sizes above 2^31'),
  codecCase('statx', 'encode and decode a Statx, after one whose size is above 2^53', true),
  codecCase('walk', 'encode and decode a WalkResp of 3 inodes'),
  codecCase('dirents', 'encode and decode a list of 100 Dirents'),
];
