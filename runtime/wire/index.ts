/** What generated code imports, for code that is generated outside of this package: `lisafs/wire`. */

export * from './answer.js';
export * from './bytes.js';
export * from './codec.js';
export type * from './description.js';
export * from './errno.js';
export * from './format.js';
export * from './layout.js';
export * from './opaque.js';
export * from './payload.js';
export * from './protocol.js';
export * from './random.js';
export * from './string.js';
export * from './struct.js';
export * from './u64.js';
