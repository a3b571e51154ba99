import type { FileTable, OpenFile } from "@ioeventfd/eventfd";

/** A descriptor of KVM's in the table of the process. */
export class Descriptor {
  readonly fd: number;
  readonly #files: FileTable;
  readonly #file: OpenFile;

  constructor(files: FileTable, kind: "dev_kvm" | "vm_fd", onClose: () => void) {
    this.#files = files;
    this.fd = files.openOther(kind);
    this.#file = files.file(this.fd);
    this.#file.onClose(onClose);
  }

  /** Whether the number still names this file. */
  get open(): boolean {
    return this.#files.fileIfOpen(this.fd) === this.#file;
  }

  /** Does nothing when the number was closed, or names another file by now. */
  close(): void {
    if (this.open) this.#files.close(this.fd);
  }
}
