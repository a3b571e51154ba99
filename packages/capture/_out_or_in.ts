/**
 * One exit between an OUT and the line of an IN: one of the two was answered in the kernel.
 *
 * @module
 */
import { KVM_PIO_BUS } from "@ioeventfd/uapi";
import type { Access } from "./_access.ts";
import { claim } from "./_claim.ts";
import { deviceAt, speaker } from "./_in_kernel_device.ts";
import type { VmState } from "./_vm_state.ts";

/**
 * Which of the two exited.
 *
 * @param vm Its VM @param out The OUT @param port Port of the IN @param len Bytes of the IN
 * @returns True for the OUT, false for the IN
 */
export function outExited(vm: VmState, out: Access, port: number, len: number): boolean {
  const outExits = out.claim === claim.none;
  const inExits = !vm.model.read(KVM_PIO_BUS, port, 0, len);
  if (outExits !== inExits) return outExits;
  const device = deviceAt(KVM_PIO_BUS, port, 0, len);
  if (!outExits) return device !== speaker; // that the speaker port is there was a guess
  if (device < 0) return false; // nothing in a kernel answers an IN there
  const seen = vm.devices[device]!;
  if (seen.kernel !== seen.userspace) return seen.kernel > seen.userspace;
  const { strays, recorded } = out.site!;
  return strays <= recorded.userspace;
}
