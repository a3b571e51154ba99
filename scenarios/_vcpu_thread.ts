/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * The vCPU's thread of two-workers.ts: a guest that kicks, then asks whether its request is done.
 *
 * @module
 */
import { SharedEventfd } from "@ioeventfd/eventfd";
import { mmioDoorbell, Stage } from "@ioeventfd/scenario";
import { release } from "@ioeventfd/uapi";
import { VmxBackend } from "@ioeventfd/vmx-sim";

/** What it is asked. */
export interface VcpuQuestion {
  /** Release of the model. */
  readonly kernel: string;
  /** Memory of the eventfd that the doorbell signals. */
  readonly kick: SharedArrayBuffer;
  /** Memory of the eventfd that the device answers with. */
  readonly done: SharedArrayBuffer;
  /** Requests the guest makes. */
  readonly requests: number;
}

const notify = 0xfebf_b000n, statusPort = 0x510;

self.onmessage = ({ data }: MessageEvent<VcpuQuestion>) => {
  const rules = release(data.kernel);
  using stage = new Stage(new VmxBackend({ release: rules }), { release: rules });
  const { vm, cpu } = stage.machine();
  vm.assign(mmioDoorbell(notify), stage.sharedEventfd("kick", data.kick));
  const done = SharedEventfd.attach(data.done);
  // The guest reads the status port; the vCPU's thread sleeps until the device has answered.
  cpu.onRead = () => done.readBlocking({ interruptAfterMs: 10_000 });
  cpu.runProgram((a) => {
    a.mov(a.edi, notify);
    a.mov(a.edx, statusPort);
    a.mov(a.ecx, data.requests);
    a.mov(a.ebx, 0);
    const again = a.label("again");
    a.mov(a.ptr(a.rdi), a.ecx);
    a.in(a.eax, a.dx);
    a.add(a.ebx, a.eax);
    a.dec(a.ecx);
    a.jnz(again);
    a.hlt();
  });
  self.postMessage({ exits: cpu.exits.length, completed: cpu.vcpu.getRegs().rbx });
};
