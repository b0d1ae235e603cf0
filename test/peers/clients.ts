/** What tests of the client import: both dialects side by side. */

export * from '../../runtime/index.js';
export { LISAFS2021 } from '../../generated/lisafs-2021/index.js';
