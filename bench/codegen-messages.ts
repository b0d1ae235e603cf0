/** The protocol whose generated code is measured, in both languages. */

export const MESSAGES_COUNT = 30;

/** The same 30 requests and responses in both languages: an identifier, numbers, a name, bytes, a list of structs. */
export function schemas(): { lisafs: string; proto: string } {
  const numbers = Array.from({ length: MESSAGES_COUNT }, (_, i) => i);
  const members = numbers.map((i) => `  thing${i}: Message<${256 + i}, Thing${i}Req, Thing${i}Resp>;`);
  const structs = numbers.map(
    (i) => `export interface Thing${i}Req { id: u64; flags: u32; name: Str }
export interface Thing${i}Resp { count: u64; size: u32; items: List<Item>; data: Bytes<u32> }`,
  );
  const head = "import type { Bytes, List, Message, Str, u32, u64 } from 'lisafs/schema';";
  const lisafs = [head, 'export interface Item { id: u64; kind: u32; size: u32 }', ...structs];
  const proto = numbers.map(
    (i) => `message Thing${i}Req { uint64 id = 1; uint32 flags = 2; string name = 3; }
message Thing${i}Resp { uint64 count = 1; uint32 size = 2; repeated Item items = 3; bytes data = 4; }`,
  );
  return {
    lisafs: [...lisafs, 'export interface SIZE {', ...members, '}', ''].join('\n'),
    proto: [
      'syntax = "proto3";',
      'message Item { uint64 id = 1; uint32 kind = 2; uint32 size = 3; }',
      ...proto,
      '',
    ].join('\n'),
  };
}
