/** What our client does with a file of a directory, whoever serves it. */

import { PReadResp, Statx, type FDID, type LISAFSClient } from '../runtime/index.js';
import { FILE, openFile } from './ours.js';
import type { Subject } from './subject.js';

function fstat(client: LISAFSClient, fd: FDID): Pick<Subject, 'call' | 'run'> {
  const [req, stat] = [{ fd }, new Statx()];
  return {
    call: () => client.fstatSync(req, stat),
    run: (calls) => {
      for (let i = 0; i < calls; i++) client.fstatSync(req, stat);
    },
  };
}

/** One PRead each, whose data goes straight into the caller's buffer. */
function read(client: LISAFSClient, fd: FDID, count: number): Pick<Subject, 'call' | 'run'> {
  const [req, resp] = [{ fd, offset: 0, count }, new PReadResp()];
  resp.dataInto(Buffer.alloc(count));
  const call = (): void => {
    client.preadSync(req, resp);
    if (resp.dataSize !== count) throw new Error(`read ${resp.dataSize} of ${count} bytes`);
  };
  return {
    call,
    run: (calls) => {
      for (let i = 0; i < calls; i++) call();
    },
  };
}

/** `fstat` or `read SIZE`, on the directory's file, until the end. */
export async function directorySubject(
  client: LISAFSClient,
  [what, size]: readonly string[],
  end?: () => Promise<unknown>,
): Promise<Subject> {
  const fd = await openFile(client, FILE);
  return {
    asynchronous: false,
    ...(what === 'read' ? read(client, fd, Number(size)) : fstat(client, fd)),
    end: async () => {
      await client.disconnect();
      await end?.();
    },
  };
}
