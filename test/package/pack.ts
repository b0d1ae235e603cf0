/** The package as npm packs it, from the sources alone, as a clone has them. */

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder: the compiled test lies in dist/test/package. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const LEFT_OUT = new Set(['.git', '.cache', 'dist', 'node_modules']);

export interface Packed {
  /** The tarball. */
  readonly file: string;
  /** What is in it, as npm lists it. */
  readonly files: readonly string[];
  remove(): void;
}

let packed: Packed | undefined;

/** Packs, once for all tests of this process. `prepack` has to build all that goes in: the copy has no dist. */
export function pack(): Packed {
  if (packed !== undefined) return packed;
  const scratch = mkdtempSync(join(tmpdir(), 'lisafs-pack-'));
  const clone = join(scratch, 'clone');
  cpSync(ROOT, clone, { recursive: true, filter: (from) => !LEFT_OUT.has(from.split('/').at(-1)!) });
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  const args = ['pack', '--json', '--pack-destination', scratch];
  const told = execFileSync('npm', args, { cwd: clone, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  // prepack's own words come before.
  const [facts] = JSON.parse(told.slice(told.search(/^\[$/m))) as { filename: string; files: { path: string }[] }[];
  const remove = (): void => {
    rmSync(scratch, { recursive: true, force: true });
    packed = undefined;
  };
  process.once('exit', remove);
  packed = { file: join(scratch, facts!.filename), files: facts!.files.map(({ path }) => path), remove };
  return packed;
}

/** The Nodes to try: the folder that holds `node`, by the major version; undefined for one that is not there. */
export function nodes(): ReadonlyMap<string, string | undefined> {
  const folder = join(ROOT, 'test', 'package', 'nodes');
  const { optionalDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  return new Map(
    Object.keys(optionalDependencies).map((name) => {
      const bin = join(folder, 'node_modules', name, 'bin');
      return [name.replace('node', ''), existsSync(join(bin, 'node')) ? bin : undefined];
    }),
  );
}
