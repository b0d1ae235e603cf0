/**
 * What two endpoints of this SDK say to each other beside their protocol. A server lists these MIDs among those that it
 * supports, and a client sends them only to a server that does, so gVisor never sees one.
 */

import type { Bytes, Donates, Empty, List, Message, Str, u16, u32, u64, u8 } from './vocabulary.js';

/**
 * One message's layout, condensed: a number for the fields that have to be there, and one more for each optional
 * trailing field, made of the number before it and that field. Two layouts go together when the shorter list is the
 * beginning of the longer.
 */
export interface LayoutOf {
  /** The message. */
  mid: u16;
  /** The request's layout. */
  req: List<u32, u8>;
  /** The response's layout. */
  resp: List<u32, u8>;
}

/** The SDK's own messages. */
export interface Extensions {
  /** Compares the schemas of the two sides, so that neither reads what the other did not write. */
  Fingerprint: Message<
    65280,
    {
      /** The fingerprint of the client's schema. */
      fingerprint: u64;
      /** Layouts are wanted of messages from this MID on. */
      first: u16;
      /** What the client speaks: its protocol's name. */
      protocol: Str<u8>;
    },
    {
      /** The fingerprint of the server's schema. */
      fingerprint: u64;
      /** The MID with which to ask for more layouts; 0 when there are no more. */
      next: u16;
      /** What the server speaks. */
      protocol: Str<u8>;
      /** The layouts of the server's messages, in the order of their MIDs; none where the fingerprints are equal. */
      layouts: List<LayoutOf>;
    }
  >;

  /** Reads the server's description of its protocol, with which a tool can call what it knows no schema of. */
  Reflection: Message<
    65281,
    {
      /** Where in the description to begin, in bytes. */
      offset: u32;
    },
    {
      /** How long the whole description is, in bytes. */
      total: u32;
      /** A part of it: JSON in UTF-8, as `lisafs/wire`'s ProtocolDescription. As much as fits; nothing at the end. */
      json: Bytes<u32>;
    }
  >;

  /** Asks for the eventfd that the server writes to when it has answered and the client sleeps. */
  Doorbell: Message<65282, Empty, Empty, Donates<'doorbell'>>;
}
