/** The wrongs (and a few rights) that a scripted peer can do, by name, so that a peer in another thread can do them. */

import { someFD, u32, MAX_MESSAGE, type Request, type ScriptedPeer } from './scripted.js';

const MID_FSTAT = 3;
const MID_CONNECT = 21;
const STATX = 144;

type NamedScript = (request: Request, peer: ScriptedPeer) => boolean;

/** A script for one MID. */
function on(mid: number, act: (request: Request, peer: ScriptedPeer) => void): NamedScript {
  return (request, peer) => {
    if (request.mid !== mid) return false;
    act(request, peer);
    return true;
  };
}

export const scripts = {
  honest: () => false,
  wrongMID: on(MID_FSTAT, (request) => request.reply(20, Buffer.alloc(STATX))),
  wrongMIDWithFDs: on(MID_CONNECT, (request) => request.reply(20, undefined, [someFD()])),
  errno: on(MID_FSTAT, (request) => request.reply(0, u32(2))),
  declaredError: on(MID_FSTAT, (request) => request.reply(0, u32(4097))),
  errnoZero: on(MID_FSTAT, (request) => request.reply(0, u32(0))),
  shortError: on(MID_FSTAT, (request) => request.reply(0, Buffer.alloc(2))),
  errorWithFDs: on(MID_CONNECT, (request) => request.reply(0, u32(13), [someFD()])),
  shortResponse: on(MID_FSTAT, (request) => request.reply(MID_FSTAT, Buffer.alloc(STATX - 1))),
  longResponse: on(MID_FSTAT, (request) => request.reply(MID_FSTAT, Buffer.alloc(STATX + 1))),
  oversizedResponse: on(MID_FSTAT, (request) => request.reply(MID_FSTAT, Buffer.alloc(MAX_MESSAGE + 1))),
  oneFD: on(MID_CONNECT, (request) => request.reply(MID_CONNECT, undefined, [someFD()])),
  noFD: on(MID_CONNECT, (request) => request.reply(MID_CONNECT)),
  threeFDs: on(MID_CONNECT, (request) => request.reply(MID_CONNECT, undefined, [someFD(), someFD(), someFD()])),
  fdsUnasked: on(MID_FSTAT, (request) => request.reply(MID_FSTAT, Buffer.alloc(STATX), [someFD(), someFD()])),
  announcedFDsMissing: on(MID_CONNECT, (request) => request.reply(MID_CONNECT, undefined, [], { numFDs: 200 })),
  /** As a server that dies: the socket first, then the rest. */
  hangUp: on(MID_FSTAT, (_request, peer) => {
    peer.hangUp();
    setTimeout(() => peer.close(), 20);
  }),
  /** As a server that is stuck, and killed for it. */
  silentThenGone: on(MID_FSTAT, (_request, peer) => {
    setTimeout(() => peer.close(), 50);
  }),
  channelShut: on(MID_FSTAT, (request) => {
    if (request.channel === undefined) request.reply(MID_FSTAT, Buffer.alloc(STATX));
    else request.channel.destroy();
  }),
  dataLenThree: on(MID_FSTAT, (request) => request.reply(MID_FSTAT, Buffer.alloc(STATX), [], { payloadLen: 3 })),
  dataLenHuge: on(MID_FSTAT, (request) =>
    request.reply(MID_FSTAT, Buffer.alloc(STATX), [], { payloadLen: 0xffff_ffff }),
  ),
  slow: on(MID_FSTAT, (request) => {
    setTimeout(() => request.reply(MID_FSTAT, Buffer.alloc(STATX, 7)), 60);
  }),
  slowFD: on(MID_CONNECT, (request) => {
    setTimeout(() => request.reply(MID_CONNECT, undefined, [someFD()]), 60);
  }),
  silent: on(MID_FSTAT, () => undefined),
} satisfies Record<string, NamedScript>;

export type ScriptName = keyof typeof scripts;

/** Makes a peer follow a script. */
export function follow(peer: ScriptedPeer, name: ScriptName): void {
  const script: NamedScript = scripts[name];
  peer.script = (request) => script(request, peer);
}
