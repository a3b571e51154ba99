/**
 * What became of a call.
 *
 * @module
 */

/** What an ioctl ended with: null for success, or the errno's name. */
export type Outcome = string | null;
