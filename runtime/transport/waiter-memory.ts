/**
 * The page through which a thread of the user's and its waiting thread speak; both see it at the same address.
 *
 *     0  control   i32   counts requests; the waiting thread sleeps on it, too
 *     4  stop      i32   1: the waiting thread shall end
 *     8  asleep    i32   1: the waiting thread is in the kernel, or about to be: wake it after a request
 *                        2: so it is, but (without futex_waitv) on its slot's word and not on control
 *    12  eventFD   i32   what it makes readable when a slot has fired
 *    64  slots, 32 bytes each:
 *          state u32, expected u32, address low u32, address high u32
 */

/** One slot fewer than words that futex_waitv takes: the control word is one of those. */
export const MAX_SLOTS_COUNT = 127;
export const WAITER_BYTES = 64 + MAX_SLOTS_COUNT * 32;

/* Indices into an Int32Array over the page. */
export const CONTROL = 0;
export const STOP = 1;
export const ASLEEP = 2;
export const EVENT_FD = 3;
const FIRST_SLOT = 16;
const SLOT_WORDS = 8;

export function slotState(slot: number): number {
  return FIRST_SLOT + slot * SLOT_WORDS;
}
export const EXPECTED = 1;
export const ADDRESS_LOW = 2;
export const ADDRESS_HIGH = 3;

/** States of a slot. Armed by the user's thread, fired by the waiting thread, freed by the user's thread. */
export const FREE = 0;
export const ARMED = 1;
export const FIRED = 2;

/** What the waiting thread is started with. */
export interface WaiterData {
  readonly address: number;
  /** How many slots it serves: MAX_SLOTS_COUNT with futex_waitv, one without. */
  readonly slots: number;
}
