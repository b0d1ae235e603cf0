/** Changes of a schema, each with all that `breaking` tells of it. */

/** What most cases begin from. */
export const BASE = `export type Key = Opaque<u64>;
export type Colour = Enum<u8, { Red: 0; Green: 1 }>;
export type Access = Flags<u8, { Read: 1; Write: 2 }>;
export type KVErrors = Errors<{ Full: 4096; Busy: 4097 }>;
export interface Item { id: Key; size: u32; kind: u32; name: Str<u8, 40> }
export interface Pair { left: u32; right: u32 }
/** Keys and values. */
export interface KV {
  get: Message<256, { key: Key; flags: u32; colour: Colour; access: Access; pad0: Pad<2> }, Item>;
  put: Message<257, { name: Str; a?: u32; b?: u64 }, { at: u64 }, Limits<{ request: 4096 }>>;
  open: Message<258, Empty, { n: u8 }, Donates<'file', 'socket'>>;
  list: Message<259, Pair, { items: List<Item> }>;
}
`;

/** What is changed, the texts for others, and all that is told of it: what it breaks, rule, subject and reason. */
export type Case = readonly [name: string, edits: readonly (readonly string[])[], ...told: string[]];

export const CASES: readonly Case[] = [
  ['a comment', [['/** Keys and values. */', '/** Values and keys. */']]],
  [
    'another order of declarations',
    [
      ['export interface Pair { left: u32; right: u32 }\n', ''],
      ['export type Key', 'export interface Pair { left: u32; right: u32 }\nexport type Key'],
    ],
  ],
  [
    'a name for a type that stays',
    [
      ['flags: u32', 'flags: Bits'],
      ['export type Key', 'export type Bits = u32;\nexport type Key'],
    ],
  ],
  [
    'a new message',
    [['  list:', '  more: Message<260, Empty, Empty>;\n  list:']],
    'none MESSAGE_ADDED More: running peers do not support it, and clients can ask whether one does',
  ],
  [
    'a new message with the MID of another, which is given up',
    [['  list: Message<259, Pair, { items: List<Item> }>', '  more: Message<259, { x: u8 }, Empty>']],
    "wire MID_REUSED More: MID 259 was List's, and running peers still mean that by it; give it a new one",
  ],
  [
    'a message that goes',
    [["  open: Message<258, Empty, { n: u8 }, Donates<'file', 'socket'>>;\n", '']],
    'wire MESSAGE_REMOVED Open: running peers still send MID 258, and get EOPNOTSUPP',
  ],
  [
    'a message with another MID',
    [['Message<259', 'Message<300']],
    'wire MID_CHANGED List: it had MID 259, which is all that running peers know it by',
  ],
  [
    'two messages that trade their MIDs',
    [
      ['Message<259', 'Message<999'],
      ['Message<258', 'Message<259'],
      ['Message<999', 'Message<258'],
    ],
    'wire MID_CHANGED Open: it had MID 258, which is all that running peers know it by',
    'wire MID_CHANGED List: it had MID 259, which is all that running peers know it by',
  ],
  [
    'a message with another name',
    [['  list:', '  enumerate:']],
    'source MESSAGE_RENAMED Enumerate: it was List; code that calls it does not compile',
  ],
  [
    'a protocol with another name',
    [['interface KV', 'interface Store']],
    'wire PROTOCOL_RENAMED Store: it was KV: a client and a server of different protocols refuse each other at mount',
  ],
  [
    'an optional field at the end',
    [['b?: u64 }', 'b?: u64; c?: Str }']],
    'none OPTIONAL_ADDED PutReq.c: it comes after all others: running peers ignore it, and their messages lack it',
  ],
  [
    'a first optional field',
    [['{ at: u64 }', '{ at: u64; more?: u8 }']],
    'none OPTIONAL_ADDED PutResp.more: it comes after all others: running peers ignore it, and their messages lack it',
  ],
  [
    'an optional field before another',
    [['a?: u32;', 'a?: u32; c?: u8;']],
    "wire FIELD_ADDED PutReq.c: running peers have 'b' at its place; add it after all other optional fields",
  ],
  [
    'an optional field that goes, the last',
    [['; b?: u64 }', ' }']],
    'source OPTIONAL_REMOVED PutReq.b: running peers go on sending it and are ignored; code that names it does not compile',
  ],
  [
    'an optional field that goes, with others after it',
    [['a?: u32; ', '']],
    'wire FIELD_REMOVED PutReq.a: running peers still write it, and would have what follows read at its place',
  ],
  [
    'an optional field that must be there now',
    [['a?: u32; b?: u64', 'a: u32; b?: u64']],
    'wire FIELD_OPTIONALITY_CHANGED PutReq.a: it was optional, and running peers count on that',
  ],
  [
    'a field that may be missing now',
    [['{ at: u64 }', '{ at?: u64 }']],
    'wire FIELD_OPTIONALITY_CHANGED PutResp.at: it was always there, and running peers count on that',
  ],
  [
    'an optional field of another type',
    [['b?: u64', 'b?: u32']],
    'wire FIELD_TYPE_CHANGED PutReq.b: it was u64 and is u32: running peers read and write other bytes',
  ],
  [
    'a new field',
    [['name: Str<u8, 40> }', 'name: Str<u8, 40>; owner: u8 }']],
    'wire FIELD_ADDED Item.owner: running peers do not write it; only whole requests and responses grow, by optional fields at their end',
  ],
  [
    'a new field in the room of a pad',
    [['pad0: Pad<2>', 'uid: u16']],
    'wire FIELD_ADDED GetReq.uid: running peers do not write it; only whole requests and responses grow, by optional fields at their end',
  ],
  [
    'a field that goes',
    [['; kind: u32', '; pad0: Pad<4>']],
    'wire FIELD_REMOVED Item.kind: running peers still write it, and would have what follows read at its place',
  ],
  [
    'a field with another name',
    [['kind: u32', 'type: u32']],
    "source FIELD_RENAMED Item.type: it was called 'kind'; code that says so does not compile",
  ],
  [
    'two fields of one type in another order',
    [['size: u32; kind: u32', 'kind: u32; size: u32']],
    "wire FIELDS_SWAPPED Item.kind: its bytes are those that 'size' had: running peers take one for the other",
    "wire FIELDS_SWAPPED Item.size: its bytes are those that 'kind' had: running peers take one for the other",
  ],
  [
    'fields of several types in another order',
    [['id: Key; size: u32; kind: u32', 'size: u32; kind: u32; id: Key']],
    'wire FIELDS_REORDERED Item: the fields stand in another order, and running peers go by their places',
  ],
  [
    'a wider integer',
    [['{ n: u8 }', '{ n: u16 }']],
    'wire FIELD_TYPE_CHANGED OpenResp.n: it was u8 and is u16: running peers read and write other bytes',
  ],
  [
    'a signed integer',
    [['{ n: u8 }', '{ n: i8 }']],
    'wire FIELD_TYPE_CHANGED OpenResp.n: it was u8 and is i8: running peers read and write other bytes',
  ],
  [
    'a number of IEEE 754',
    [['flags: u32', 'flags: f32']],
    'wire FIELD_TYPE_CHANGED GetReq.flags: it was u32 and is f32: running peers read and write other bytes',
  ],
  [
    'a boolean of a byte',
    [['{ n: u8 }', '{ n: bool }']],
    'wire FIELD_VALUES_CHANGED OpenResp.n: it was u8 and is bool: one side refuses values that the other may send',
  ],
  [
    'an enum of a byte',
    [['{ n: u8 }', '{ n: Colour }']],
    'wire FIELD_VALUES_CHANGED OpenResp.n: it was u8 and is Colour (u8): one side refuses values that the other may send',
  ],
  [
    'a list in place of its element',
    [['{ n: u8 }', '{ n: List<u8> }']],
    'wire FIELD_TYPE_CHANGED OpenResp.n: it was u8 and is List<u8, u16>: running peers read and write other bytes',
  ],
  [
    'bytes in place of a string',
    [['name: Str;', 'name: Bytes<u16>;']],
    'source FIELD_TYPE_RENAMED PutReq.name: it was Str<u16> and is Bytes<u16>: the bytes are the same, the type in TypeScript is not',
  ],
  [
    'another count',
    [['List<Item>', 'List<Item, u32>']],
    'wire FIELD_TYPE_CHANGED ListResp.items: it was List<Item, u16> and is List<Item, u32>: running peers read and write other bytes',
  ],
  [
    'a lower maximum',
    [['Str<u8, 40>', 'Str<u8, 30>']],
    'wire MAXIMUM_CHANGED Item.name: it was at most 40 long and is 30: running peers may send what is longer',
  ],
  [
    'a higher maximum',
    [['Str<u8, 40>', 'Str<u8, 50>']],
    'wire MAXIMUM_CHANGED Item.name: it was at most 40 long and is 50: running peers refuse what is longer',
  ],
  [
    'an identifier in place of a number',
    [['{ at: u64 }', '{ at: Key }']],
    'source FIELD_TYPE_RENAMED PutResp.at: it was u64 and is Key (u64): the bytes are the same, the type in TypeScript is not',
  ],
  [
    'a struct in place of its fields',
    [
      ['flags: u32; colour: Colour; access: Access; pad0: Pad<2>', 'rest: Rest'],
      [
        'export interface Pair',
        'export interface Rest { flags: u32; colour: Colour; access: Access; pad0: Pad<2> }\nexport interface Pair',
      ],
    ],
    'source FIELDS_REGROUPED GetReq: the bytes are the same, but code that names the fields must name others',
  ],
  [
    'a struct with another name',
    [
      ['interface Pair', 'interface Both'],
      ['259, Pair', '259, Both'],
    ],
    'source STRUCT_RENAMED Both: it was Pair; code that says so does not compile',
  ],
  [
    'a struct in a list that grows',
    [['kind: u32; name', 'kind: u32; more: u64; name']],
    'wire FIELD_ADDED Item.more: running peers do not write it; only whole requests and responses grow, by optional fields at their end',
  ],
  [
    'a request that was empty',
    [['258, Empty', '258, { x: u8 }']],
    'wire CONTENT_ADDED Open: its request was empty, and running peers send nothing in it',
  ],
  [
    'a request that is empty now',
    [['259, Pair', '259, Empty']],
    'wire CONTENT_REMOVED List: its request is empty, and running peers count on what was in it',
  ],
  [
    'an enum with one more value',
    [['Green: 1', 'Green: 1; Blue: 2']],
    'wire ENUM_VALUE_ADDED Colour.Blue: running peers refuse 2; send it only to those that know it',
  ],
  [
    'an enum with one value less',
    [['; Green: 1', '']],
    'wire ENUM_VALUE_REMOVED Colour.Green: running peers may still send 1, which is refused now',
  ],
  [
    'an enum with a value of another name',
    [['Green: 1', 'Lime: 1']],
    "source CHOICE_MEMBER_RENAMED Colour.Lime: 1 was called 'Green'; code that says so does not compile",
  ],
  [
    'an enum with another number for a name',
    [['Green: 1', 'Green: 2']],
    'wire ENUM_VALUE_REMOVED Colour.Green: running peers may still send 1, which is refused now',
    'wire ENUM_VALUE_ADDED Colour.Green: running peers refuse 2; send it only to those that know it',
  ],
  [
    'a wider enum',
    [
      ['Enum<u8', 'Enum<u16'],
      ['pad0: Pad<2>', 'pad0: Pad<1>'],
      ['colour: Colour; access: Access;', 'colour: Colour; access: Access;'],
    ],
    'wire FIELD_TYPE_CHANGED GetReq.colour: it was Colour (u8) and is Colour (u16): running peers read and write other bytes',
    'wire FIELD_TYPE_CHANGED GetReq.pad0: it was Pad<2> and is Pad<1>: running peers read and write other bytes',
  ],
  [
    'one more flag',
    [['Write: 2', 'Write: 2; Run: 4']],
    'wire FLAG_ADDED Access.Run: running peers refuse 4; send it only to those that know it',
  ],
  [
    'one flag less',
    [['; Write: 2', '']],
    'wire FLAG_REMOVED Access.Write: running peers may still send 2, which is refused now',
  ],
  [
    'a flag with another name',
    [['Write: 2', 'Change: 2']],
    "source CHOICE_MEMBER_RENAMED Access.Change: 2 was called 'Write'; code that says so does not compile",
  ],
  [
    'a descriptor more',
    [["'socket'>", "'socket', 'log'>"]],
    "none DONATION_ADDED Open: running clients close the descriptor 'log', and others go without",
  ],
  [
    'a descriptor less',
    [["'file', 'socket'>", "'file'>"]],
    'wire DONATION_REMOVED Open: running clients count on a descriptor that does not come: socket',
  ],
  [
    'descriptors in another order',
    [["'file', 'socket'>", "'socket', 'file'>"]],
    'wire DONATIONS_REORDERED Open: descriptors have no names on the wire, and running clients take one for another: file, socket',
  ],
  [
    'a descriptor with another name',
    [["'socket'>", "'peer'>"]],
    "source DONATION_RENAMED Open: the descriptor 'peer' was called 'socket'; code that says so does not compile",
  ],
  [
    'a lower limit of a request',
    [['request: 4096', 'request: 2048']],
    'wire MESSAGE_LIMIT_CHANGED Put: its request was 4096 bytes and is 2048 bytes: one side refuses what the other sends',
  ],
  [
    'no limit of a request',
    [[', Limits<{ request: 4096 }>', '']],
    'wire MESSAGE_LIMIT_CHANGED Put: its request was 4096 bytes and is unlimited: one side refuses what the other sends',
  ],
  [
    'an answer where there was none, all of it optional',
    [['258, Empty', '258, { x?: u8 }']],
    'source OPTIONAL_CONTENT_ADDED Open: its request was empty, and calls that give none do not compile',
    'none OPTIONAL_ADDED OpenReq.x: it comes after all others: running peers ignore it, and their messages lack it',
  ],
  [
    'a pad that goes',
    [['; pad0: Pad<2>', '']],
    'wire FIELD_REMOVED GetReq.pad0: running peers still write it, and would have what follows read at its place',
  ],
  [
    'a limit of a response',
    [["Donates<'file', 'socket'>", "Donates<'file', 'socket'>, Limits<{ response: 100 }>"]],
    'wire MESSAGE_LIMIT_CHANGED Open: its response was unlimited and is 100 bytes: one side refuses what the other sends',
  ],
  [
    'one more error code',
    [['Busy: 4097', 'Busy: 4097; Odd: 4098']],
    'none ERROR_CODE_ADDED Odd: running clients see it as E4098',
  ],
  [
    'one error code less',
    [['; Busy: 4097', '']],
    'source ERROR_CODE_REMOVED Busy: code that asks for it does not compile; servers that run may send 4097',
  ],
  [
    'an error with another code',
    [['Busy: 4097', 'Busy: 4099']],
    'wire ERROR_CODE_CHANGED Busy: its code was 4097, which is all that running peers know it by',
  ],
  [
    'an error with another name',
    [['Busy: 4097', 'Occupied: 4097']],
    "source ERROR_CODE_RENAMED Occupied: 4097 was called 'Busy'; code that asks for that does not compile",
  ],
];

/** Changes that look like others, or hide behind them. */
export const SUBTLE_CASES: readonly Case[] = [
  [
    'a number of an enum and another that trade their names',
    [['Red: 0; Green: 1', 'Green: 0; Red: 1']],
    "wire CHOICE_VALUES_SWAPPED Colour.Green: 0 was 'Red': running peers take one for the other",
    "wire CHOICE_VALUES_SWAPPED Colour.Red: 1 was 'Green': running peers take one for the other",
  ],
  [
    'a flag that takes the place of another',
    [['Read: 1; Write: 2', 'Write: 1; Run: 2']],
    "wire CHOICE_VALUES_SWAPPED Access.Write: 1 was 'Read': running peers take one for the other",
    "wire CHOICE_VALUES_SWAPPED Access.Run: 2 was 'Write': running peers take one for the other",
  ],
  [
    'flags in place of an enum of the same name',
    [['Enum<u8, { Red: 0; Green: 1 }>', 'Flags<u8, { Red: 1; Green: 2 }>']],
    'wire FIELD_VALUES_CHANGED GetReq.colour: it was Colour (u8) and is Colour (u8): one side refuses values that the other may send',
  ],
  [
    'an enum with another name and the same values',
    [
      ['type Colour', 'type Tone'],
      ['colour: Colour', 'colour: Tone'],
    ],
    'source FIELD_TYPE_RENAMED GetReq.colour: it was Colour (u8) and is Tone (u8): the bytes are the same, the type in TypeScript is not',
  ],
  [
    'an enum with another name and other values',
    [
      ['type Colour = Enum<u8, { Red: 0', 'type Tone = Enum<u8, { Red: 9'],
      ['colour: Colour', 'colour: Tone'],
    ],
    'wire FIELD_VALUES_CHANGED GetReq.colour: it was Colour (u8) and is Tone (u8): one side refuses values that the other may send',
  ],
  [
    'flags with another name',
    [
      ['type Access', 'type Rights'],
      ['access: Access', 'access: Rights'],
    ],
    'source FIELD_TYPE_RENAMED GetReq.access: it was Access (u8) and is Rights (u8): the bytes are the same, the type in TypeScript is not',
  ],
  [
    'errors with another name',
    [['KVErrors', 'Failures']],
    'source ERRORS_RENAMED Failures: they were KVErrors; code that says so, as failKVErrors, does not compile',
  ],
  [
    'a field with another name and a lower maximum',
    [['name: Str<u8, 40>', 'title: Str<u8, 30>']],
    'wire MAXIMUM_CHANGED Item.title: it was at most 40 long and is 30: running peers may send what is longer',
    "source FIELD_RENAMED Item.title: it was called 'name'; code that says so does not compile",
  ],
  [
    'a struct that changes inside a field with another name',
    [
      ['{ items: List<Item> }', '{ all: List<Item> }'],
      ['Str<u8, 40>', 'Str<u8, 41>'],
    ],
    'wire MAXIMUM_CHANGED Item.name: it was at most 40 long and is 41: running peers refuse what is longer',
    "source FIELD_RENAMED ListResp.all: it was called 'items'; code that says so does not compile",
  ],
  [
    'a field that takes the place of one before it, and a new one at its own',
    [['size: u32; kind: u32', 'kind: u32; more: u32']],
    "wire FIELDS_SWAPPED Item.kind: its bytes are those that 'size' had: running peers take one for the other",
    "wire FIELDS_SWAPPED Item.more: its bytes are those that 'kind' had: running peers take one for the other",
  ],
  [
    'fields in a struct of their own, in another order',
    [
      ['259, Pair,', '259, { pair: Pair },'],
      ['left: u32; right: u32', 'right: u32; left: u32'],
    ],
    "wire FIELDS_SWAPPED ListReq.right: its bytes are those that 'left' had: running peers take one for the other",
    "wire FIELDS_SWAPPED ListReq.left: its bytes are those that 'right' had: running peers take one for the other",
    'source STRUCT_RENAMED ListReq: it was Pair; code that says so does not compile',
    'source FIELDS_REGROUPED ListReq: the bytes are the same, but code that names the fields must name others',
  ],
  [
    'a request without a name that gets one',
    [
      ['259, Pair, { items: List<Item> }', '259, Pair, Listing'],
      ['export interface Pair', 'export interface Listing { items: List<Item> }\nexport interface Pair'],
    ],
    'source STRUCT_RENAMED Listing: it was ListResp; code that says so does not compile',
  ],
  [
    'a type that goes with the message that used it',
    [
      ['  list: Message<259, Pair, { items: List<Item> }>;\n', ''],
      ['export interface Pair { left: u32; right: u32 }\n', ''],
    ],
    'wire MESSAGE_REMOVED List: running peers still send MID 259, and get EOPNOTSUPP',
    'source TYPE_REMOVED Pair: nothing is called so any more; code that says so does not compile',
  ],
  [
    'optional fields that go, all of a request',
    [['{ name: Str; a?: u32; b?: u64 }', '{ name: Str }']],
    'source OPTIONAL_REMOVED PutReq.a: running peers go on sending it and are ignored; code that names it does not compile',
    'source OPTIONAL_REMOVED PutReq.b: running peers go on sending it and are ignored; code that names it does not compile',
  ],
];

/** Each with the schema that it begins from. */
export const PAIRS: readonly (readonly [name: string, before: string, after: string, ...told: string[]])[] = [
  [
    'an optional field that goes, with one of its type behind it',
    'export interface P { a: Message<256, { x?: u32; y?: u32 }, Empty> }',
    'export interface P { a: Message<256, { y?: u32 }, Empty> }',
    "wire FIELDS_SWAPPED AReq.y: its bytes are those that 'x' had: running peers take one for the other",
  ],
  [
    'an optional field of one type before another',
    'export interface P { a: Message<256, { y?: u32 }, Empty> }',
    'export interface P { a: Message<256, { x?: u32; y?: u32 }, Empty> }',
    "wire FIELDS_SWAPPED AReq.x: its bytes are those that 'y' had: running peers take one for the other",
  ],
  [
    'a request that is empty now, and had optional fields alone',
    'export interface P { a: Message<256, { x?: u32 }, Empty> }',
    'export interface P { a: Message<256, Empty, Empty> }',
    'source OPTIONAL_REMOVED AReq.x: running peers go on sending it and are ignored; code that names it does not compile',
  ],
  [
    'a response that was empty, with a descriptor',
    'export interface P { a: Message<256, Empty, Empty> }',
    "export interface P { a: Message<256, Empty, Empty, Donates<'fd'>> }",
    'source OPTIONAL_CONTENT_ADDED A: its response was empty, and handlers that answer with none do not compile',
    "none DONATION_ADDED A: running clients close the descriptor 'fd', and others go without",
  ],
  [
    'a descriptor that was all of a response',
    "export interface P { a: Message<256, Empty, Empty, Donates<'fd'>> }",
    'export interface P { a: Message<256, Empty, Empty> }',
    'wire DONATION_REMOVED A: running clients count on a descriptor that does not come: fd',
  ],
  [
    'another name for a small integer',
    'export type Level = u8; export interface P { a: Message<256, { x: Level }, Empty> }',
    'export type Grade = u8; export interface P { a: Message<256, { x: Grade }, Empty> }',
    'source TYPE_REMOVED Level: nothing is called so any more; code that says so does not compile',
  ],
  [
    'fields in a struct of their own, with other values',
    'export interface P { a: Message<256, { x: u8; y: u8 }, Empty> }',
    'export interface S { x: u8; y: bool } export interface P { a: Message<256, { s: S }, Empty> }',
    'wire FIELD_VALUES_CHANGED AReq.y: it was u8 and is bool: one side refuses values that the other may send',
    'source FIELDS_REGROUPED AReq: the bytes are the same, but code that names the fields must name others',
  ],
  [
    'a method with other capitals, and the same name of its message',
    'export interface P { FStat: Message<256, Empty, Empty> }',
    'export interface P { fStat: Message<256, Empty, Empty> }',
    "source MESSAGE_RENAMED FStat: its method was 'fstat' and is 'fStat'; code that calls it does not compile",
  ],
  [
    'an enum with another name, whose values trade theirs',
    'export type C = Enum<u8, { Red: 0; Green: 1 }>; export interface P { a: Message<256, { c: C }, Empty> }',
    'export type D = Enum<u8, { Green: 0; Red: 1 }>; export interface P { a: Message<256, { c: D }, Empty> }',
    "wire CHOICE_VALUES_SWAPPED D.Green: 0 was 'Red': running peers take one for the other",
    "wire CHOICE_VALUES_SWAPPED D.Red: 1 was 'Green': running peers take one for the other",
    'source FIELD_TYPE_RENAMED AReq.c: it was C (u8) and is D (u8): the bytes are the same, the type in TypeScript is not',
  ],
  [
    'flags with another name, in a list, one of which has another as well',
    'export type C = Flags<u8, { A: 1; B: 2 }>; export interface P { a: Message<256, { c: List<C> }, Empty> }',
    'export type D = Flags<u8, { A: 1; Z: 2 }>; export interface P { a: Message<256, { c: List<D> }, Empty> }',
    "source CHOICE_MEMBER_RENAMED D.Z: 2 was called 'B'; code that says so does not compile",
    'source FIELD_TYPE_RENAMED AReq.c: it was List<C (u8), u16> and is List<D (u8), u16>: the bytes are the same, the type in TypeScript is not',
  ],
  [
    'a struct that no message has',
    'export interface S { a: u8; b: u8 }\nexport interface P { a: Message<256, Empty, Empty> }',
    'export interface S { a: u8; c: u8 }\nexport interface P { a: Message<256, Empty, Empty> }',
    "source FIELD_RENAMED S.c: it was called 'b'; code that says so does not compile",
  ],
  [
    'a struct that trades its place with a field of the same bytes as one of its own',
    'export interface S { x: u32; y: u32 } export interface P { a: Message<256, { a: S; b: u32 }, Empty> }',
    'export interface S { x: u32; y: u32 } export interface P { a: Message<256, { b: u32; a: S }, Empty> }',
    "wire FIELDS_SWAPPED AReq.x: its bytes are those that 'a.y' had: running peers take one for the other",
    "wire FIELDS_SWAPPED AReq.y: its bytes are those that 'b' had: running peers take one for the other",
    'source FIELDS_REGROUPED AReq: the bytes are the same, but code that names the fields must name others',
    "wire FIELDS_SWAPPED AReq.b: its bytes are those that 'a.x' had: running peers take one for the other",
  ],
  [
    'a struct that moves, with fields of its own named like others',
    'export interface S { x: u32; y: u32 } export interface P { a: Message<256, { a: S; b: u32 }, Empty> }',
    'export interface S { x: u32; y: u32 } export interface P { a: Message<256, { x: u32; a: S }, Empty> }',
    "wire FIELDS_SWAPPED AReq.x: its bytes are those that 'a.y' had: running peers take one for the other",
    "wire FIELDS_SWAPPED AReq.y: its bytes are those that 'b' had: running peers take one for the other",
    'source FIELDS_REGROUPED AReq: the bytes are the same, but code that names the fields must name others',
    "wire FIELDS_SWAPPED AReq.x: its bytes are those that 'a.x' had: running peers take one for the other",
  ],
  [
    'fields in place of a struct, in another order than its own, beside one that has the same names',
    'export interface S { x: u32; y: u32 } export interface P { a: Message<256, { a: S; b: S }, Empty> }',
    'export interface S { x: u32; y: u32 } export interface P { a: Message<256, { y: u32; x: u32; b: S }, Empty> }',
    'source FIELDS_REGROUPED AReq: the bytes are the same, but code that names the fields must name others',
    "wire FIELDS_SWAPPED AReq.y: its bytes are those that 'a.x' had: running peers take one for the other",
    "wire FIELDS_SWAPPED AReq.x: its bytes are those that 'a.y' had: running peers take one for the other",
  ],
  [
    'a struct in place of fields that stand in its other order, beside one that has the same names',
    'export interface S { x: u32; y: u32 } export interface P { a: Message<256, { y: u32; x: u32; b: S }, Empty> }',
    'export interface S { x: u32; y: u32 } export interface P { a: Message<256, { a: S; b: S }, Empty> }',
    "wire FIELDS_SWAPPED AReq.x: its bytes are those that 'y' had: running peers take one for the other",
    "wire FIELDS_SWAPPED AReq.y: its bytes are those that 'x' had: running peers take one for the other",
    'source FIELDS_REGROUPED AReq: the bytes are the same, but code that names the fields must name others',
  ],
  [
    'structs of one type in place of their fields',
    'export interface S { x: u32; y: u32 } export interface P { a: Message<256, { a: S; b: S }, Empty> }',
    'export interface S { x: u32; y: u32 } export interface P { a: Message<256, { a: S; bx: u32; by: u32 }, Empty> }',
    'source FIELDS_REGROUPED AReq: the bytes are the same, but code that names the fields must name others',
  ],
  [
    'an identifier that has to be given back from now on',
    'export type K = Opaque<u64>; export interface P { a: Message<256, Empty, { k: K }>; b: Message<257, { k: K }, Empty> }',
    'export type K = Opaque<u64>; export interface P { a: Message<256, Empty, { k: Makes<K> }>; b: Message<257, { k: Closes<K> }, Empty> }',
    'none GIVING_BACK_CHANGED AResp.k: it was not marked and is what a response makes: running clients give back what they did before',
    'none GIVING_BACK_CHANGED BReq.k: it was not marked and is what a request gives back: running clients give back what they did before',
  ],
  [
    'an enum that becomes a struct, and no field has it',
    'export type C = Enum<u8, { A: 1 }>; export interface P { a: Message<256, Empty, Empty> }',
    'export interface C { a: u8 } export interface P { a: Message<256, Empty, Empty> }',
    'source TYPE_CHANGED C: it was an enum and is a struct: code that uses it does not compile',
  ],
  [
    'an identifier that becomes a number, and no field has it',
    'export type C = Opaque<u64>; export interface P { a: Message<256, Empty, Empty> }',
    'export type C = u8; export interface P { a: Message<256, Empty, Empty> }',
    'source TYPE_CHANGED C: it was an identifier of 64 bits and is a number: code that uses it does not compile',
  ],
  [
    'a base that grows',
    'export interface S { x: u8 } export interface T extends S { y: u8 } export interface P { a: Message<256, T, Empty> }',
    'export interface S { x: u8; z: u8 } export interface T extends S { y: u8 } export interface P { a: Message<256, T, Empty> }',
    'wire FIELD_ADDED T.z: running peers do not write it; only whole requests and responses grow, by optional fields at their end',
    'wire FIELD_ADDED S.z: running peers do not write it; only whole requests and responses grow, by optional fields at their end',
  ],
  [
    'fields of a base that are its own now',
    'export interface S { x: u8 } export interface T extends S { y: u8 } export interface P { a: Message<256, T, Empty> }',
    'export interface S { x: u8 } export interface T { x: u8; y: u8 } export interface P { a: Message<256, T, Empty> }',
  ],
  [
    'a message that takes the name of another, which has a new one',
    'export interface P { get: Message<256, Empty, Empty>; list: Message<257, Empty, Empty> }',
    'export interface P { fetch: Message<256, Empty, Empty>; get: Message<257, Empty, Empty> }',
    'wire MESSAGE_REMOVED List: running peers still send MID 257, and mean List',
    'wire MID_CHANGED Get: it had MID 256, which is all that running peers know it by',
  ],
  [
    'error codes that trade their names',
    'export type E = Errors<{ A: 4096; B: 4097 }>; export interface P { a: Message<256, Empty, Empty> }',
    'export type E = Errors<{ B: 4096; A: 4097 }>; export interface P { a: Message<256, Empty, Empty> }',
    'wire ERROR_CODE_CHANGED B: its code was 4097, which is all that running peers know it by',
    'wire ERROR_CODE_CHANGED A: its code was 4096, which is all that running peers know it by',
  ],
  [
    'a maximum in a list, behind an alias',
    'export type C = List<Str<u8, 20>>; export interface P { a: Message<256, { c: C }, Empty> }',
    'export type C = List<Str<u8, 30>>; export interface P { a: Message<256, { c: C }, Empty> }',
    'wire MAXIMUM_CHANGED AReq.c: it was at most 20 long and is 30: running peers refuse what is longer',
  ],
  [
    'a pad that becomes an optional field',
    'export interface P { a: Message<256, { c: u32; p: Pad<4> }, Empty> }',
    'export interface P { a: Message<256, { c: u32; p?: u32 }, Empty> }',
    'wire FIELD_OPTIONALITY_CHANGED AReq.p: it was always there, and running peers count on that',
  ],
  [
    'a descriptor between others',
    "export interface P { a: Message<256, Empty, Empty, Donates<'a', 'b'>> }",
    "export interface P { a: Message<256, Empty, Empty, Donates<'a', 'c', 'b'>> }",
    'wire DONATIONS_REORDERED A: descriptors have no names on the wire, and running clients take one for another: b',
  ],
  [
    'a limit that moves from requests to responses',
    'export interface P { a: Message<256, { x: Str }, { x: Str }, Limits<{ request: 100 }>> }',
    'export interface P { a: Message<256, { x: Str }, { x: Str }, Limits<{ response: 100 }>> }',
    'wire MESSAGE_LIMIT_CHANGED A: its request was 100 bytes and is unlimited: one side refuses what the other sends',
    'wire MESSAGE_LIMIT_CHANGED A: its response was unlimited and is 100 bytes: one side refuses what the other sends',
  ],
  [
    'a limit of a request that was empty',
    'export interface P { a: Message<256, Empty, Empty, Limits<{ request: 4 }>> }',
    'export interface P { a: Message<256, { x?: Str }, Empty> }',
    'source OPTIONAL_CONTENT_ADDED A: its request was empty, and calls that give none do not compile',
    'wire MESSAGE_LIMIT_CHANGED A: its request was 4 bytes and is unlimited: one side refuses what the other sends',
    'none OPTIONAL_ADDED AReq.x: it comes after all others: running peers ignore it, and their messages lack it',
  ],
  [
    'a list of structs of one field that becomes one of that field, which takes other values',
    'export interface S { c: bool } export interface P { a: Message<256, { x: List<S> }, Empty> }',
    'export interface P { a: Message<256, { x: List<u8> }, Empty> }',
    'wire FIELD_VALUES_CHANGED AReq.x: it was List<S, u16> and is List<u8, u16>: one side refuses values that the other may send',
  ],
  [
    'a struct of one field that becomes that field',
    'export interface S { c: bool } export interface P { a: Message<256, { x: S }, Empty> }',
    'export interface P { a: Message<256, { x: bool }, Empty> }',
    'source FIELD_TYPE_RENAMED AReq.x: it was S and is bool: the bytes are the same, the type in TypeScript is not',
  ],
  [
    'a struct of a text that becomes a shorter text',
    'export interface S { c: Str<u8, 10> } export interface P { a: Message<256, { x: S }, Empty> }',
    'export interface P { a: Message<256, { x: Str<u8, 5> }, Empty> }',
    'source FIELD_TYPE_RENAMED AReq.x: it was S and is Str<u8>: the bytes are the same, the type in TypeScript is not',
    'wire MAXIMUM_CHANGED AReq.x: it was at most 10 long and is 5: running peers may send what is longer',
  ],
  [
    'a struct of a list that becomes a list of structs',
    'export interface S { l: List<u8> } export interface P { a: Message<256, { x: S }, Empty> }',
    'export interface T { c: u8 } export interface P { a: Message<256, { x: List<T> }, Empty> }',
    'source FIELD_TYPE_RENAMED AReq.x: it was S and is List<T, u16>: the bytes are the same, the type in TypeScript is not',
  ],
  [
    'what only says how channels come',
    'export interface P { a: Message<256, Empty, Empty> }',
    '/** @allChannelsOrNone */ export interface P { a: Message<256, Empty, Empty> }',
  ],
  [
    'pads in another number',
    'export interface P { a: Message<256, { x: u8; pad0: Pad<3>; y: u8; pad1: Pad<3> }, Empty> }',
    'export interface P { a: Message<256, { x: u8; pad1: Pad<3>; y: u8; pad0: Pad<3> }, Empty> }',
  ],
];

/** The text with these changes. */
export function edited(edits: readonly (readonly string[])[]): string {
  return edits.reduce((text, [from, to]) => {
    if (!text.includes(from!)) throw new Error(`there is no ${from!}`);
    return text.replace(from!, () => to!);
  }, BASE);
}
