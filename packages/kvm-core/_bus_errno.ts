/** What a bus answers to changes, besides 0. */
export const ENOENT = -2, ENOMEM = -12, ENOSPC = -28;
