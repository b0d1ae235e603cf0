/** What a caller is told who gave a value that the wire cannot carry. Codes are those of Node's own errors. */

import { inspect } from 'node:util';

function show(value: unknown): string {
  return inspect(value, { depth: 0, maxStringLength: 40, maxArrayLength: 4, breakLength: Infinity });
}

/** A RangeError with code ERR_OUT_OF_RANGE: `<field> must be <what>, not <value>`. */
export function outOfRange(field: string, what: string, value: unknown): RangeError {
  const error = new RangeError(`${field} must be ${what}, not ${show(value)}`);
  return Object.assign(error, { code: 'ERR_OUT_OF_RANGE' });
}

/** A TypeError with code ERR_INVALID_ARG_TYPE. */
export function wrongType(field: string, what: string, value: unknown): TypeError {
  const error = new TypeError(`${field} must be ${what}, not ${show(value)}`);
  return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' });
}

/** A TypeError with code ERR_INVALID_ARG_VALUE, for a value of the right type that has no form on the wire. */
export function wrongValue(field: string, what: string, value: unknown): TypeError {
  const error = new TypeError(`${field} must be ${what}, not ${show(value)}`);
  return Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' });
}
