/**
 * A vCPU in one thread, its device in another, and between them nothing but an eventfd: the device sleeps until the guest
 * kicks, the vCPU sleeps until the device has answered. Workers share the eventfd as memory; loading them needs
 * `--allow-read`.
 *
 * @module
 */
import { SharedEventfd } from "@ioeventfd/eventfd";
import type { Scenario } from "@ioeventfd/scenario";
import type { IoQuestion } from "./_io_thread.ts";
import { main } from "./_main.ts";
import { Thread } from "./_thread.ts";
import type { VcpuQuestion } from "./_vcpu_thread.ts";

const requests = 200;

/** Kick, sleep, answer. */
export const scenario: Scenario = {
  name: "two-workers",
  about: "A vCPU's thread and a device's thread in two workers, one request after the other",
  kernels: ["6.19", "5.15", "4.4"],
  skip: [{ backend: "kvm", reason: "its threads share eventfds by memory, as the model does" }],
  async play(stage) {
    using device = new Thread(new URL("./_io_thread.ts", import.meta.url));
    using vcpu = new Thread(new URL("./_vcpu_thread.ts", import.meta.url));
    const kick = new SharedEventfd().buffer, done = new SharedEventfd().buffer;
    const io: IoQuestion = { kick, done, requests };
    const guest: VcpuQuestion = { kernel: stage.release.name, kick, done, requests };
    const [served, ran] = await Promise.all([
      device.ask<{ served: bigint; wakes: number }>(io),
      vcpu.ask<{ exits: number; completed: bigint }>(guest),
    ]);
    stage.expectEqual("kicks that the device read", served.served, requests);
    stage.expectEqual("answers that the guest read", ran.completed, requests);
    // One exit for each read of the status port, none for a kick.
    stage.expectEqual("exits to userspace", ran.exits, requests);
    stage.note(`${requests} requests, the device woke ${served.wakes} times.`);
  },
};

if (import.meta.main) await main(scenario);
