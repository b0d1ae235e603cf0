/**
 * Imports a module on a machine that is none of ours, as far as Node knows. Arguments: URL, platform, arch, LE or BE.
 */

import os from 'node:os';
import { syncBuiltinESMExports } from 'node:module';

const [url, platform, arch, endianness] = process.argv.slice(2);
Object.defineProperty(process, 'platform', { value: platform });
Object.defineProperty(process, 'arch', { value: arch });
os.endianness = () => endianness as 'BE' | 'LE';
syncBuiltinESMExports();

try {
  await import(url!);
  console.log('imported');
} catch (error) {
  console.log(`refused: ${(error as Error).message}`);
}
const report = process.report.getReport() as unknown as { sharedObjects: string[] };
console.log(`native code loaded: ${report.sharedObjects.some((path) => path.endsWith('koffi.node'))}`);
