/** When a thread that sleeps at every turn looks for its peer on another cpu, by a clock that the test sets. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Joining } from '../../runtime/transport/joining.js';

/** What turns take: on one cpu, on two, and with a peer that has something else to do. */
const TOGETHER_US = 3;
const APART_US = 60;
const SLOW_US = 1000;

/** A thread on one of two cpus, whose peer stays on the other until the test says so. */
class Server {
  timeUS = 0;
  moves = 0;
  canMove = true;
  clockReads = 0;
  isApart: boolean;
  readonly joining = new Joining(
    () => {
      this.moves++;
      if (this.canMove) this.isApart = !this.isApart;
      return this.canMove;
    },
    {
      moment: () => this.timeUS,
      microsecondsSince: (then) => {
        this.clockReads++;
        return this.timeUS - then;
      },
    },
  );

  constructor(begins: 'apart' | 'together') {
    this.isApart = begins === 'apart';
  }

  turn(us = this.isApart ? APART_US : TOGETHER_US): void {
    this.timeUS += us;
    this.joining.turned();
  }

  turns(count: number, us?: number): void {
    for (let i = 0; i < count; i++) this.turn(us);
  }
}

const joining = suite('joining');

joining('begins with the fourth turn that takes long, and is over where it helped', () => {
  const server = new Server('apart');
  server.turns(3);
  assert.is(server.moves, 0);
  server.turn();
  assert.is(server.moves, 1);
  server.turns(10_000);
  assert.is(server.moves, 1);
});

joining('does not begin while turns are short', () => {
  const server = new Server('together');
  server.turns(10_000);
  assert.is(server.moves, 0);
});

joining('asks for the time every 32 turns once all has been well', () => {
  const server = new Server('together');
  server.turns(1 + 3 * 16);
  assert.is(server.clockReads, 16);
  server.turns(32 * 100);
  assert.is(server.clockReads, 16 + 100);
});

joining('overlooks one long turn, and no second one', () => {
  const server = new Server('together');
  server.turns(1000);
  server.turn(290);
  server.turns(1000);
  assert.is(server.moves, 0);
  server.isApart = true;
  server.turns(32 + 3);
  assert.is(server.moves, 1);
});

joining('is soon there after a pause', () => {
  const server = new Server('together');
  server.turns(1000);
  server.turn(1_000_000);
  server.turns(32);
  server.isApart = true;
  server.turns(2 * 3);
  assert.is(server.moves, 1);
});

joining('does not follow a peer that has something else to do', () => {
  const server = new Server('apart');
  server.turns(10_000, SLOW_US);
  assert.is(server.moves, 0);
});

joining('asks for the time less and less while each turn is slow', () => {
  const server = new Server('apart');
  server.turns(1 + 3 + 6 + 12 + 24, SLOW_US);
  assert.is(server.clockReads, 4);
  server.turns(32 * 100, SLOW_US);
  assert.is(server.clockReads, 4 + 100);
});

joining('is tried ever more rarely where it does not help, but every 10 ms', () => {
  const server = new Server('apart');
  const during = (us: number): number => {
    const before = server.moves;
    for (const end = server.timeUS + us; server.timeUS < end;) server.turn(20);
    return server.moves - before;
  };
  assert.is(during(10_000), 6, 'after 200 us, 400 us, and so on');
  during(1_000_000);
  // It looks every 60 us.
  assert.is(during(10_000_000), Math.floor(10_000_000 / 10_020));
});

joining('is done as soon as before once it has helped', () => {
  const server = new Server('apart');
  server.turns(100_000, 20);
  server.isApart = false;
  server.turns(1000);
  server.timeUS += 20_000;
  server.turns(32);
  const before = server.moves;
  for (let i = 1; i <= 3; i++) {
    server.isApart = true;
    server.turns(4 * 3);
    assert.is(server.moves, before + i);
  }
});

joining('does not count what else took time', () => {
  const server = new Server('together');
  for (let i = 0; i < 1000; i++) {
    server.turns(4);
    server.joining.interrupted();
    server.turn(500);
  }
  assert.is(server.moves, 0);
});

joining('is given up where it is not possible', () => {
  const server = new Server('apart');
  server.canMove = false;
  server.turns(100_000);
  assert.is(server.moves, 1);
});

joining.run();
