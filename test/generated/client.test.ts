import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FDID, LISAFS, LISAFSStubs, MID, NAMES, Statx, WalkResp } from '../../generated/lisafs/index.js';
import { LISAFS2021 } from '../../generated/lisafs-2021/index.js';
import { stubName } from '../../codegen/names.js';
import type { CallOptions, ClientMethod } from '../../runtime/wire/protocol.js';
import { KINDS } from './kinds/index.js';

interface Call {
  readonly name: string;
  readonly mid: number;
  readonly req: unknown;
  readonly options?: CallOptions | undefined;
  readonly resp?: unknown;
}

/** A client that writes down what it is asked. */
class Recorder extends LISAFSStubs {
  readonly calls: Call[] = [];

  override async call<ReqInit, Resp>(
    method: ClientMethod<ReqInit, Resp>,
    req: ReqInit,
    options?: CallOptions,
  ): Promise<Resp> {
    this.calls.push({ name: method.name, mid: method.mid, req, options });
    return method.newResp();
  }

  override callSync<ReqInit, Resp>(method: ClientMethod<ReqInit, Resp>, req: ReqInit, resp?: Resp): Resp {
    this.calls.push({ name: method.name, mid: method.mid, req, resp });
    return resp ?? method.newResp();
  }
}

const stubs = suite('stubs');

stubs('pass on the request, the options and the response to fill', async () => {
  const client = new Recorder();
  const [req, options, resp] = [{ fd: FDID(1) }, {}, new Statx()];
  assert.instance(await client.fstat(req, options), Statx);
  assert.is(client.fstatSync(req, resp), resp);
  assert.equal(client.calls, [
    { name: 'FStat', mid: 3, req, options },
    { name: 'FStat', mid: 3, req, resp },
  ]);
});

stubs('ask for nothing where there is nothing to ask, and answer nothing where nothing is answered', async () => {
  const client = new Recorder();
  await client.mount();
  assert.is(await client.close({ fds: [] }), undefined);
  assert.is(client.flushSync({ fd: FDID(1) }), undefined);
  assert.equal(client.calls[0], { name: 'Mount', mid: 1, req: {}, options: undefined });
});

stubs('have a place for each donated descriptor', async () => {
  const resp = await new Recorder().openAt({ fd: FDID(1), flags: 0 });
  assert.ok('hostFD' in resp);
  assert.is(resp.hostFD, undefined);
});

stubs('there is one of each kind for each message but Error', () => {
  for (const [mid, name] of LISAFS.names) {
    for (const stub of [stubName(name), `${stubName(name)}Sync`]) {
      assert.is(typeof Reflect.get(LISAFSStubs.prototype, stub), mid === MID.Error ? 'undefined' : 'function', stub);
    }
  }
});

stubs.run();

const protocols = suite('client protocols');

protocols('LISAFS has its 34 messages, by their numbers', () => {
  assert.is(LISAFS.names, NAMES);
  assert.equal(
    [...LISAFS.names.keys()],
    Array.from({ length: 34 }, (_, mid) => mid),
  );
  for (const [name, mid] of Object.entries(MID)) assert.is(LISAFS.names.get(mid), name);
});

protocols('only the client of 2021 wants all channels or none', () => {
  assert.equal(
    [LISAFS, LISAFS2021, KINDS].map((protocol) => protocol.allChannelsOrNone),
    [false, true, false],
  );
});

protocols('descriptors of methods say what they donate', () => {
  assert.equal(LISAFS.mount.donates, ['hostFD']);
  assert.equal(LISAFS.channel.donates, ['dataFD', 'fdSocket']);
  assert.equal(LISAFS2021.mount.donates, []);
  assert.is(LISAFS.mount.mid, 1);
  assert.is(LISAFS.channel.mid, 2);
  assert.is(LISAFS2021.mount.sizeReq({ mountPath: '/x' }), 6);
});

protocols.run();

const structs = suite('messages as objects');

structs('are shown with the fields of the schema', () => {
  const resp = new WalkResp();
  resp.status = 2;
  assert.equal(JSON.parse(JSON.stringify(resp)), { status: 2, inodes: [] });
  const stat = new Statx();
  stat.size = 2n ** 64n - 1n;
  assert.is(stat.toJSON()['size'], '18446744073709551615');
});

structs.run();
