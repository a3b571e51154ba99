/**
 * Placeholder until the package is built.
 *
 * @module
 */
export {};
