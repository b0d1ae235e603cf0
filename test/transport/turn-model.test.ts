/**
 * That no wake is lost, in any order of the accesses of two endpoints, whichever way each waits and wherever either
 * ends the connection. The code is endpoint.ts itself, on a memory that is stepped through (stepped.ts).
 */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Endpoint } from '../../runtime/transport/endpoint.js';
import { ASIDE_PAUSES } from '../../runtime/transport/moving-aside.js';
import { Moving } from '../../runtime/transport/moving.js';
import { PACKET_HEADER_BYTES, type PacketWindow } from '../../runtime/transport/packet-window.js';
import { ON_BELL } from '../../runtime/transport/turn-words.js';
import { Patience } from '../../runtime/transport/wait.js';
import { EAGAIN, ECONNRESET } from '../../runtime/wire/errno.js';
import { Payload } from '../../runtime/wire/payload.js';
import { explore, type Program, type Stepped } from './stepped.js';
import { onEveryOccasion } from './ways.js';

const ROUNDS = 2;
const CLIENT = 0;
const SERVER = 1;
/** Both are on this cpu, and find out. */
const CPU = 5;
/** What yields are good for happens anyhow: others go on at any access. */
const NOBODY = onEveryOccasion(() => 0);

/** How an end waits: in the kernel, at once or after some looks; in an event loop; or first the one, then the other. */
type Way = 'blocks' | 'looks, then blocks' | 'by the bell' | 'by the bell, then blocks';
const WAYS: readonly Way[] = ['blocks', 'looks, then blocks', 'by the bell', 'by the bell, then blocks'];
const WITHOUT_BELL: readonly Way[] = ['blocks', 'looks, then blocks'];

/** It gives way after each look, which is one more access. */
class Looks extends Patience {
  readonly #count: number;
  constructor(count: number) {
    super({}, new Moving(() => false, ASIDE_PAUSES));
    this.#count = count;
  }
  override beginLooking(): number {
    return 1;
  }
  override looks(): number {
    return this.#count;
  }
}

/** One connection's worth of memory that is not turns: the datagram, in which both write the same greeting. */
function windowOf(elided: boolean): PacketWindow {
  const buffer = new ArrayBuffer(4096);
  const datagram = new Payload(buffer, PACKET_HEADER_BYTES, 4096 - PACKET_HEADER_BYTES);
  datagram.bytes.write(elided ? '{"elidesWakes":true}\n' : '{}\n');
  return { datagram, address: 0, header: new Int32Array(buffer, 0, 4) } as unknown as PacketWindow;
}

interface Setting {
  readonly way: Way;
  /** Whether the two leave out wakes, and have a bell. */
  readonly elided: boolean;
  /** After how many sends and receives this end ends the connection. */
  readonly endsAfter: number;
}

/** Says that this end has done all that it was to do, or has ended the connection as it was told. */
class Ended {
  constructor(readonly outcome: string) {}
}

/** An end at work: it counts what it does, and ends the connection when it is time. */
class End {
  readonly endpoint: Endpoint;
  readonly #setting: Setting;
  readonly #memory: Stepped;
  #done = 0;
  #waits = 0;

  constructor(side: 'client' | 'server', setting: Setting, memory: Stepped) {
    this.#setting = setting;
    this.#memory = memory;
    const patience = new Looks(setting.way === 'looks, then blocks' ? 1 : 0);
    const bell = setting.elided ? memory.bellOf(side === 'client' ? SERVER : CLIENT) : undefined;
    const settings = { patience, bell, words: memory, elideWakes: setting.elided, cpu: () => CPU, givingWay: NOBODY };
    this.endpoint = new Endpoint(windowOf(setting.elided), side, settings);
  }

  /** One send or receive, unless it is time to end. A connection that the other ended is an end as well. */
  do(what: () => number): number {
    this.#memory.mark(`${this.#done} ${this.#waits} ${this.endpoint.elidesWakes}`);
    if (this.#done++ === this.#setting.endsAfter) {
      this.endpoint.shutdown();
      assert.is(this.endpoint.receive(), -ECONNRESET);
      throw new Ended('ended it');
    }
    const result = what();
    if (result === -ECONNRESET) throw new Ended('was told');
    assert.ok(result >= 0, `a call gave ${result}`);
    return result;
  }

  receive(): number {
    const { way } = this.#setting;
    const isFirst = this.#waits++ === 0;
    const blocks = way === 'blocks' || way === 'looks, then blocks' || (way === 'by the bell, then blocks' && !isFirst);
    return this.do(() => (blocks ? this.endpoint.receiveSync(() => true) : this.#receiveByBell()));
  }

  /** What attention.ts does: look, say that it sleeps, and look again at every ring. */
  #receiveByBell(): number {
    for (;;) {
      const result = this.endpoint.receive();
      if (result !== -EAGAIN) return result;
      if (!this.endpoint.fallAsleep(ON_BELL)) continue;
      this.#memory.hear();
      this.endpoint.awaken();
    }
  }
}

function finish(work: () => void): string {
  try {
    work();
    return 'done';
  } catch (error) {
    if (error instanceof Ended) return error.outcome;
    throw error;
  }
}

function client(setting: Setting): Program {
  return (memory) => {
    const end = new End('client', setting, memory);
    return finish(() => {
      end.do(() => end.endpoint.sendConnect());
      const hello = end.receive();
      end.do(() => end.endpoint.acceptConnect(hello));
      for (let round = 0; round < ROUNDS; round++) {
        end.do(() => end.endpoint.send(100 + round));
        assert.is(end.receive(), 200 + round);
      }
    });
  };
}

function server(setting: Setting): Program {
  return (memory) => {
    const end = new End('server', setting, memory);
    return finish(() => {
      const hello = end.receive();
      end.do(() => end.endpoint.answerConnect(hello));
      for (let round = 0; round < ROUNDS; round++) {
        assert.is(end.receive(), 100 + round);
        end.do(() => end.endpoint.send(200 + round));
      }
    });
  };
}

/** A client does 3 things to connect and 2 a round, a server 2 and 2; more is never. */
const NEVER = 99;
const CLIENT_STEPS = 3 + 2 * ROUNDS;
const SERVER_STEPS = 2 + 2 * ROUNDS;

const model = suite('turns, in every order');

for (const elided of [false, true]) {
  const ways = elided ? WAYS : WITHOUT_BELL;
  for (const clientWay of ways) {
    for (const serverWay of ways) {
      const both = (clientEnds: number, serverEnds: number): Program[] => [
        client({ way: clientWay, elided, endsAfter: clientEnds }),
        server({ way: serverWay, elided, endsAfter: serverEnds }),
      ];
      const name = `client: ${clientWay}; server: ${serverWay}; wakes ${elided ? 'left out' : 'always'}`;

      model(`${name}: both get through`, () => {
        const { stuck, outcomes, states } = explore(both(NEVER, NEVER));
        assert.equal([...stuck], []);
        assert.equal([...outcomes], ['done / done']);
        assert.ok(states > 50, `${states} states`);
      });

      model(`${name}: an end at any step leaves nobody behind`, () => {
        for (let ends = 0; ends < CLIENT_STEPS; ends++) assert.equal([...explore(both(ends, NEVER)).stuck], []);
        for (let ends = 0; ends < SERVER_STEPS; ends++) assert.equal([...explore(both(NEVER, ends)).stuck], []);
      });
    }
  }
}

model('both end it, at any two steps', () => {
  for (const way of WAYS) {
    for (let c = 0; c < CLIENT_STEPS; c++) {
      for (let s = 0; s < SERVER_STEPS; s++) {
        const programs = [client({ way, elided: true, endsAfter: c }), server({ way, elided: true, endsAfter: s })];
        assert.equal([...explore(programs).stuck], [], `${way}, ${c}, ${s}`);
      }
    }
  }
});

model('finds the wake that is lost where a store may be late', () => {
  const setting = { way: 'by the bell', elided: true, endsAfter: NEVER } as const;
  const { stuck } = explore([client(setting), server(setting)], true);
  assert.ok(stuck.size > 0, 'the search would not see a lost wake');
});

model.run();
