/** `lisafs docs` in a real browser: it is searched, themed and looked at, and nothing in a schema becomes a program. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lisafs } from '../cli/command.js';
import { ROOT } from '../package/pack.js';

const CHROMIUM = '/usr/bin/chromium';

interface Context {
  folder: string;
  browser: Browser;
  /** What the page said, fetched or threw. */
  said: string[];
}

const test = suite<Context>('the page of lisafs docs');

test.before(async (context) => {
  if (existsSync(CHROMIUM)) {
    context.browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  }
});

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'lisafs-docs-'));
  context.said = [];
});

test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

test.after(async ({ browser }) => {
  if (existsSync(CHROMIUM)) await browser.close();
});

/** A test with a browser: skipped where there is none, but not in CI. */
function inBrowser(name: string, body: (context: Context) => Promise<void>): void {
  if (existsSync(CHROMIUM) || process.env['CI'] !== undefined) test(name, body);
  else test.skip(`${name}: there is no ${CHROMIUM}`, body);
}

async function open({ browser, folder, said }: Context, schema: string, colorScheme?: 'dark' | 'light'): Promise<Page> {
  const file = join(folder, 'page.html');
  assert.equal(await lisafs('docs', schema, '--out', file), { code: 0, stdout: '', stderr: '' });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: colorScheme ?? 'light' });
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith('file:') && request.url() !== 'data:,') said.push(request.url());
  });
  page.on('dialog', (dialog) => void dialog.dismiss());
  await page.goto(pathToFileURL(file).href);
  return page;
}

async function shown(page: Page): Promise<string[]> {
  return page.$$eval('article:not([hidden])', (articles) => articles.map(({ id }) => id));
}

const LISAFS = join(ROOT, 'schema', 'lisafs.ts');

inBrowser('has every message of LISAFS, with comment, offsets, sizes, MID and what is donated', async (context) => {
  const page = await open(context, LISAFS);
  assert.is((await page.$$('#messages article')).length, 34);
  const openAt = (await page.textContent('#m-OpenAt'))!;
  for (const part of ['Opens a file.', 'client.openAt({…})', 'donates', 'hostFD', 'always 16 bytes']) {
    assert.ok(openAt.includes(part), `${part}: ${openAt}`);
  }
  const rows = await page.$$eval('#m-SetStat tbody tr', (all) =>
    all.map((row) => row.innerText.split('\t').slice(0, 4)),
  );
  assert.equal(rows[6], ['32', '16', 'Timespec', 'atime']);
  assert.is(await page.getAttribute('#m-OpenAt h2 .mid', 'title'), 'MID 0x0007');
  assert.equal(context.said, []);
  await page.close();
});

inBrowser(
  'is searched as one types, by name, MID, field or comment, and says so when nothing matches',
  async (context) => {
    const page = await open(context, LISAFS);
    await page.keyboard.press('/');
    await page.keyboard.type('xattr');
    const found = ['m-FGetXattr', 'm-FSetXattr', 'm-FListXattr', 'm-FRemoveXattr'];
    assert.equal(await shown(page), found);
    assert.is(await page.textContent('#count'), '4 of 41');
    assert.is((await page.$$('nav li:not([hidden])')).length, 4);
    await page.fill('#search', 'symlink 15');
    assert.ok((await shown(page)).includes('m-SymlinkAt'));
    await page.fill('#search', 'no such word');
    assert.equal(await shown(page), []);
    assert.is(await page.isVisible('#nothing'), true);
    await page.keyboard.press('Escape');
    assert.is((await shown(page)).length, 41);
    assert.equal(context.said, []);
    await page.close();
  },
);

inBrowser('leads from a message to its types, also to those that the search hides', async (context) => {
  const page = await open(context, LISAFS);
  await page.fill('#search', 'walkstat');
  assert.is(await page.isVisible('#t-Statx'), false);
  await page.click('#m-WalkStat a[href="#t-Statx"]');
  await page.waitForSelector('#t-Statx', { state: 'visible' });
  const targets = await page.$$eval('a[href^="#"]', (links) => links.map((link) => link.getAttribute('href')!));
  for (const target of new Set(targets)) assert.ok(await page.$(target), target);
  await page.close();
});

inBrowser('tells what enums, flags and error codes are called, and which fields may be missing', async (context) => {
  const page = await open(context, join(ROOT, 'test', 'codegen', 'kinds.ts'));
  const codes = await page.$$eval('#t-KINDSErrors tr', (rows) => rows.map((row) => row.innerText.split(/\s*\t\s*/)));
  assert.equal(codes, [
    ['4096', 'QuotaExceeded', 'There is no more room.'],
    ['4294967295', 'Busy', ''],
  ]);
  assert.match((await page.textContent('#t-Access'))!, /any of these bits, u16/);
  await page.click('#t-Checked a[href="#t-Access"]');
  const optional = (await page.textContent('#m-Optionals svg'))!;
  assert.match(optional, /e\?: Key, if it is there/);
  assert.equal(context.said, []);
  await page.close();
});

inBrowser('is light or dark as the reader likes, and stays readable', async (context) => {
  for (const scheme of ['light', 'dark'] as const) {
    const page = await open(context, LISAFS, scheme);
    const background = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const first = await background();
    assert.is(first, scheme === 'light' ? 'rgb(251, 251, 249)' : 'rgb(20, 23, 27)');
    await page.click('#theme');
    assert.not.equal(await background(), first);
    assert.is(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false, 'nothing is cut off');
    await page.close();
  }
});

inBrowser('a small screen is enough, also to read what is said of a field', async (context) => {
  const page = await open(context, LISAFS);
  await page.setViewportSize({ width: 390, height: 800 });
  assert.is(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false);
  const widths = await page.$$eval('.fields td:last-child p', (all) =>
    all.map((comment) => [comment.getBoundingClientRect().left, comment.getBoundingClientRect().right]),
  );
  assert.ok(widths.length > 100);
  for (const [left, right] of widths)
    assert.ok(left! >= 0 && right! <= 390 && right! - left! > 200, `${left} ${right}`);
  await page.close();
});

inBrowser('is dark on white on paper, also for a reader who likes it dark', async (context) => {
  const page = await open(context, LISAFS, 'dark');
  for (const press of [false, true]) {
    if (press) await page.click('#theme');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    assert.is(await page.evaluate('getComputedStyle(document.body).color'), 'rgb(31, 35, 40)');
    await page.emulateMedia({ media: 'screen', colorScheme: 'dark' });
  }
  await page.close();
});

inBrowser('has a picture of every request and response, limits, and first what is its own', async (context) => {
  for (const schema of [LISAFS, join(ROOT, 'test', 'codegen', 'kinds.ts')]) {
    const page = await open(context, schema);
    const missing = await page.$$eval('#messages .half', (halves) =>
      halves.filter((half) => !half.textContent.includes('Nothing: 0 bytes') && half.querySelector('svg') === null),
    );
    assert.equal(missing, []);
    await page.close();
  }
  const schema = join(context.folder, 'one.ts');
  writeFileSync(
    schema,
    `import type { Bytes, Limits, Message, Str, u8 } from 'lisafs/schema';
export interface Part { text: Str }
export interface Get { name: Str<u8, 40>; part: Part; more?: Part }
export interface One {
  get: Message<256, Get, { data: Bytes; rest: Part }, Limits<{ request: 500 }>>;
}
`,
  );
  const page = await open(context, schema);
  assert.match((await page.textContent('.facts'))!, /^1 message, 1 type, from one\.ts; fingerprint\s+[\da-f]{16}$/);
  assert.match((await page.textContent('#m-Get'))!, /at least 3 bytes, at most 500\b/);
  const sizes = await page.$$eval('#m-Get .fields td:nth-child(2)', (cells) => cells.map((cell) => cell.textContent));
  assert.equal(sizes, ['1 + …, at most 40', '2 or more', '0 or 2 or more', '4 + …', '2 or more']);
  assert.equal(await shown(page), ['m-Get', 't-Part', 'm-Error', 'm-Mount', 'm-Channel']);
  await page.fill('#search', 'get');
  assert.equal([await page.isVisible('#implied h2'), await page.isVisible('nav h2[data-of=implied]')], [false, false]);
  assert.equal(context.said, []);
  await page.close();
});

const HOSTILE = `/** </style></script><script>alert(1)</script> <img src=x onerror=alert(2)>
 \${alert(3)} {{alert}} \\u202e "' */
export interface KV {
  /** </article><script>document.title='owned'</script> \`<b>\` <a href="javascript:alert(1)">x</a> \u202eevil */
  get: Message<256, {
    /** " onmouseover="alert(1)" x=' <svg/onload=alert(4)> */
    key: Str;
  }, { value: Bytes }>;
}
`;

inBrowser('shows a hostile comment, and nothing else', async (context) => {
  const schema = join(context.folder, 'hostile.ts');
  writeFileSync(schema, HOSTILE);
  const page = await open(context, schema);
  assert.is(await page.title(), 'KV');
  assert.is((await page.$$('script')).length, 1);
  assert.is((await page.$$('img, main a[href^="javascript"], svg[onload], [onmouseover]')).length, 0);
  const text = (await page.textContent('#m-Get'))!;
  assert.ok(text.includes(`</article><script>document.title='owned'</script>`), text);
  assert.ok(text.includes('\\u{202e}evil'));
  assert.is(await page.textContent('#m-Get code:text("<b>")'), '<b>');
  assert.equal(context.said, []);
  await page.close();
});

test('goes to standard output, too; a wrong schema is told as generate tells it', async ({ folder }) => {
  const { code, stdout } = await lisafs('docs', LISAFS);
  assert.is(code, 0);
  assert.ok(stdout.startsWith('<!doctype html>') && !/\b(src|href)="(?!#|data:,)/.test(stdout));
  const wrong = join(folder, 'wrong.ts');
  writeFileSync(wrong, 'export interface KV { get: Message<256, { a: u9; b: u10 }, Empty> }\n');
  const ended = await lisafs('docs', wrong, '--out', join(folder, 'page.html'));
  assert.is(ended.code, 1);
  assert.match(ended.stderr, /wrong\.ts:1:46: .*\n.*wrong\.ts:1:53: .*\n$/);
  assert.not(existsSync(join(folder, 'page.html')));
  assert.is((await lisafs('docs', join(folder, 'none.ts'))).code, 1);
  assert.is((await lisafs('docs')).code, 2);
  assert.ok(readFileSync(wrong, 'utf8').length > 0);
});

test.run();
