/** The names of directories that are being read, of which so many are kept. */

import { memfs } from 'memfs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Listings } from '../../runtime/fs/serve-fs-listings.js';
import type { NodeFS } from '../../runtime/fs/serve-fs-object.js';
import { ServedDirectory } from '../../runtime/fs/serve-fs-open.js';
import { ObjectTree } from '../../runtime/fs/serve-fs-tree.js';

const test = suite('listings');

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `name ${i}`);

test('those go first that nobody has asked for the longest', () => {
  const listings = new Listings(10);
  const [a, b, c] = [{}, {}, {}];
  listings.keep(a, names(4));
  listings.keep(b, names(4));
  assert.is(listings.of(a)?.length, 4);
  listings.keep(c, names(4));
  assert.equal([listings.of(a)?.length, listings.of(b), listings.of(c)?.length], [4, undefined, 4]);
});

test('what is kept last is kept, however much it is', () => {
  const listings = new Listings(10);
  const [a, b] = [{}, {}];
  listings.keep(a, names(4));
  listings.keep(b, names(40));
  assert.equal([listings.of(a), listings.of(b)?.length], [undefined, 40]);
  listings.keep(b, names(2));
  listings.keep(a, names(8));
  assert.equal([listings.of(a)?.length, listings.of(b)?.length], [8, 2]);
});

test('what is dropped makes room', () => {
  const listings = new Listings(10);
  const [a, b] = [{}, {}];
  listings.keep(a, names(6));
  listings.drop(a);
  listings.drop(a);
  listings.keep(a, names(5));
  listings.keep(b, names(5));
  assert.equal([listings.of(a)?.length, listings.of(b)?.length], [5, 5]);
});

test('a reader whose names had to go asks for them anew, and goes on where it was', async () => {
  const files = Object.fromEntries(names(9).map((name) => [`/${name}`, '']));
  const tree = new ObjectTree(memfs(files).fs.promises as NodeFS, 'strings', {});
  const directory = new ServedDirectory(tree, tree.root);
  const told: string[] = [];
  for (let entries = await directory.readEntries(100, true); entries.length > 0;) {
    told.push(...entries.map(({ name }) => name));
    tree.listings.drop(directory);
    entries = await directory.readEntries(100, false);
  }
  assert.equal(told, names(9));
  directory.close();
});

test.run();
