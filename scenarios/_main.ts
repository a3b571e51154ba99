/**
 * Runs one scenario as a program.
 *
 * @module
 */
export { main } from "@ioeventfd/cli/scenario-main";
