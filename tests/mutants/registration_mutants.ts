import { byHistories, byRegistrations, type Mutant } from "./mutant.ts";

const registry = "packages/kvm-core/_ioeventfd_registry.ts";
const index = "packages/kvm-core/_ioeventfd_index.ts";
const exactIndex = "packages/kvm-core/_datamatch_index.ts";

/** Mistakes in KVM_IOEVENTFD itself. */
export const registrationMutants: readonly Mutant[] = [
  {
    name: "errno-order",
    about: "The descriptor is looked at before the arguments: EBADF where EINVAL is due",
    edits: [{
      file: registry,
      find: "    this.#check(request);\n    const rules",
      replace:
        "    this.#host.lookupEventfd(request.fd);\n    this.#check(request);\n    const rules",
    }],
    conform: byRegistrations,
  },
  {
    name: "wrap-off-by-one",
    about: "A registration that ends at the last byte of the address space is refused",
    edits: [{
      file: registry,
      find: "(lo >>> 0) + len > 0xffff_ffff",
      replace: "(lo >>> 0) + len >= 0xffff_ffff",
    }],
    conform: byRegistrations,
  },
  {
    name: "zero-length-datamatch",
    about: "Zero length with DATAMATCH is accepted",
    edits: [{
      file: registry,
      find: "    if (flags & KVM_IOEVENTFD_FLAG_DATAMATCH) {\n      refuse(",
      replace: "    if (flags & KVM_IOEVENTFD_FLAG_DATAMATCH && len !== 0) {\n      refuse(",
    }],
    conform: byRegistrations,
  },
  {
    name: "bus-of-both-flags",
    about: "With PIO and CCW notify both set, CCW wins",
    edits: [{
      file: registry,
      find:
        "  if (flags & KVM_IOEVENTFD_FLAG_PIO) return KVM_PIO_BUS;\n  if (flags & KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY) return KVM_VIRTIO_CCW_NOTIFY_BUS;\n",
      replace:
        "  if (flags & KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY) return KVM_VIRTIO_CCW_NOTIFY_BUS;\n  if (flags & KVM_IOEVENTFD_FLAG_PIO) return KVM_PIO_BUS;\n",
    }],
    conform: byRegistrations,
  },
  {
    name: "collision-of-wildcards-alone",
    about: "A wildcard collides with wildcards alone, not with values",
    edits: [{
      file: index,
      find: "return key.wildcard || there.wildcard ||",
      replace: "return key.wildcard && there.wildcard ||",
    }],
    conform: byRegistrations,
  },
  {
    name: "collision-off-by-one",
    about: "The collision rule looks one byte above the address",
    edits: [{
      file: index,
      find:
        "  collides(key: ExactKey): boolean {\n    const at = this.#table.find(key.lo, key.hi);",
      replace:
        "  collides(key: ExactKey): boolean {\n    const at = this.#table.find((key.lo + 1) | 0, key.hi);",
    }],
    conform: byRegistrations,
  },
  {
    name: "deassign-any-datamatch",
    about: "Taking away does not compare the value of DATAMATCH",
    edits: [{
      file: index,
      find:
        "there.wildcard === key.wildcard &&\n        there.datamatchLo === key.datamatchLo && there.datamatchHi === key.datamatchHi;",
      replace: "there.wildcard === key.wildcard;",
    }],
    conform: byRegistrations,
  },
  {
    name: "deassign-any-eventfd",
    about: "Taking away does not compare the eventfd",
    edits: [{
      file: registry,
      find: "return found !== null && found.context === context ? found : null;",
      replace: "return found !== null && context !== null ? found : null;",
    }],
    conform: byRegistrations,
  },
  {
    name: "group-forgets-values",
    about:
      "Of several values at one address, those that agree in their low words are taken for one",
    edits: [{
      file: exactIndex,
      find: "        words[at + 3] === dlo && words[at + 4] === dhi\n      ) return",
      replace: "        words[at + 3] === dlo\n      ) return",
    }],
    conform: byRegistrations,
  },
  {
    name: "lifetime-ends-at-close",
    about: "A registration counts no more once its eventfd was closed",
    edits: [{
      file: index,
      find: "      if (there.len !== key.len) return false;\n      return key.wildcard",
      replace:
        "      if (there.len !== key.len || there.context.references < 2) return false;\n      return key.wildcard",
    }],
    conform: byHistories,
  },
];
