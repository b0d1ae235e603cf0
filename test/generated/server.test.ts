import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  FDID,
  type FStatReq,
  type LISAFSHandlers,
  LISAFSServer,
  MID,
  Statx,
  dispatchLISAFS,
  marshalCloseReq,
  marshalFStatReq,
  marshalPReadReq,
  sizeCloseReq,
  unmarshalStatx,
} from '../../generated/lisafs/index.js';
import { sampleStatx } from '../../generated/lisafs/samples.js';
import { Payload } from '../../runtime/wire/payload.js';
import { Random } from '../../runtime/wire/random.js';

const EIO = -5;
const EOPNOTSUPP = -95;

const test = suite('dispatch');

const context = { donate: () => undefined, signal: new AbortController().signal };
const stat = sampleStatx(new Random(1));

/** A payload that asks FStat about this FD. */
function fstatPayload(fd: number, capacity = 4096): Payload {
  const payload = Payload.alloc(capacity);
  marshalFStatReq(payload, 0, { fd: FDID(fd) });
  return payload;
}

test('marshals the response over the request', () => {
  const payload = fstatPayload(7);
  const asked: unknown[] = [];
  const handlers: LISAFSHandlers = {
    fstat(req, given) {
      asked.push(req.fd, given, this === handlers);
      return stat;
    },
  };
  assert.is(dispatchLISAFS(handlers, MID.FStat, payload, 8, context), 144);
  assert.equal(asked, [7, context, true]);
  const read = new Statx();
  assert.is(unmarshalStatx(payload, 0, 144, read), 144);
  assert.is(read.ino, BigInt(stat.ino));
});

test('a handler may answer later', async () => {
  const payload = fstatPayload(7);
  const answer = dispatchLISAFS({ fstat: async () => stat }, MID.FStat, payload, 8, context);
  assert.instance(answer, Promise);
  assert.is(await answer, 144);
});

test('without a handler the message is not supported, nor is one that does not exist, nor Error', () => {
  for (const mid of [MID.FStat, MID.Error, 34, 65535]) {
    assert.is(dispatchLISAFS({}, mid, fstatPayload(1), 8, context), EOPNOTSUPP);
  }
});

test('a request that does not unmarshal never comes to its handler', () => {
  const handlers: LISAFSHandlers = {
    fstat: () => {
      throw new Error('called');
    },
  };
  assert.is(dispatchLISAFS(handlers, MID.FStat, fstatPayload(1), 7, context), EIO);
});

test('bytes after a request are ignored', () => {
  assert.is(dispatchLISAFS({ fstat: () => stat }, MID.FStat, fstatPayload(1), 100, context), 144);
});

test('a response that is larger than the payload is an error', async () => {
  const payload = Payload.alloc(64);
  marshalPReadReq(payload, 0, { offset: 0, fd: FDID(1), count: 100 });
  let data = new Uint8Array(56);
  assert.is(dispatchLISAFS({ pread: () => ({ data }) }, MID.PRead, payload, 24, context), 64);
  assert.is(await dispatchLISAFS({ pread: async () => ({ data }) }, MID.PRead, payload, 24, context), 64);
  data = new Uint8Array(57);
  const tooLarge = /^EIO: .*, handler: the response has 65 bytes, and may have 64$/u;
  assert.throws(() => dispatchLISAFS({ pread: () => ({ data }) }, MID.PRead, payload, 24, context), tooLarge);
  const later = dispatchLISAFS({ pread: async () => ({ data }) }, MID.PRead, payload, 24, context);
  await Promise.resolve(later).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, tooLarge),
  );
});

test('what a handler throws passes through', async () => {
  const fail = (): never => {
    throw new Error('broken');
  };
  assert.throws(() => dispatchLISAFS({ fstat: fail }, MID.FStat, fstatPayload(1), 8, context), /^broken$/u);
  const later = dispatchLISAFS({ fstat: async () => fail() }, MID.FStat, fstatPayload(1), 8, context);
  await Promise.resolve(later).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'broken'),
  );
});

test('a message without content in its answer answers with nothing', async () => {
  const req = { fds: [FDID(1), FDID(2)] };
  const payload = Payload.alloc(sizeCloseReq(req));
  marshalCloseReq(payload, 0, req);
  const asked: unknown[] = [];
  const close: LISAFSHandlers['close'] = ({ fds }) => void asked.push(...fds);
  assert.is(dispatchLISAFS({ close }, MID.Close, payload, payload.capacity, context), 0);
  assert.is(await dispatchLISAFS({ close: async () => undefined }, MID.Close, payload, payload.capacity, context), 0);
  assert.equal(asked, [1, 2]);
});

test('a request object is used again after an answer, and not before', async () => {
  const seen: FStatReq[] = [];
  const at = (req: FStatReq): typeof stat => {
    seen.push(req);
    return stat;
  };
  const now: LISAFSHandlers = { fstat: at };
  const later: LISAFSHandlers = { fstat: async (req) => at(req) };
  for (const [handlers, fd] of [
    [now, 1],
    [now, 2],
    [later, 3],
    [now, 4],
  ] as const) {
    await dispatchLISAFS(handlers, MID.FStat, fstatPayload(fd), 8, context);
  }
  assert.is(seen[0], seen[1], 'used again');
  assert.is(seen[2], seen[1], 'given to the one that answers later');
  assert.is.not(seen[3], seen[2], 'which keeps it');
  assert.is(seen[2]!.fd, 3);
});

test('a handler may dispatch the same message itself', () => {
  const inner: LISAFSHandlers = { fstat: () => stat };
  const outer: LISAFSHandlers = {
    fstat(req) {
      dispatchLISAFS(inner, MID.FStat, fstatPayload(99), 8, context);
      assert.is(req.fd, 5);
      return stat;
    },
  };
  assert.is(dispatchLISAFS(outer, MID.FStat, fstatPayload(5), 8, context), 144);
});

test('the protocol for a server has it', () => {
  assert.is(LISAFSServer.dispatch, dispatchLISAFS);
  assert.is(LISAFSServer.name, 'LISAFS');
  assert.is(LISAFSServer.names.get(33), 'RenameAt2');
});

test.run();
