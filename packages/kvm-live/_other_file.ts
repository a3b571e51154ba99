import { KVM_CREATE_VM, type OtherFile } from "@ioeventfd/uapi";
import { type Libc, O_CLOEXEC, O_PATH, O_RDONLY, O_RDWR } from "./_libc.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const CLOCK_MONOTONIC = 1;

/** Opens a descriptor that is not an eventfd: the result of the call, negative for an errno. */
export function openOtherFile(libc: Libc, kvmFd: number, kind: OtherFile): number {
  const { call } = libc;
  switch (kind) {
    case "pipe": {
      const ends = new Int32Array(2);
      if (call.pipe2(ends, O_CLOEXEC) < 0) return -1;
      call.close(ends[1]!);
      return ends[0]!;
    }
    case "file":
      return libc.open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    case "socket":
      return call.socket(AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0);
    case "timerfd":
      return call.timerfd_create(CLOCK_MONOTONIC, O_CLOEXEC);
    case "epoll":
      return call.epoll_create1(O_CLOEXEC);
    case "o_path":
      return libc.open("/", O_PATH | O_CLOEXEC);
    case "dev_kvm":
      return libc.open("/dev/kvm", O_RDWR | O_CLOEXEC);
    case "vm_fd":
      return call.ioctl(kvmFd, KVM_CREATE_VM, 0n);
    default:
      throw new TypeError(`No such kind of descriptor: "${kind satisfies never}"`);
  }
}
