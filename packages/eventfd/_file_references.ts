/** The reference count of an open file, and who wants to know of its end. */
export class FileReferences {
  #count = 1;
  #onClose: Set<() => void> | undefined;

  acquire(): void {
    this.#count++;
  }

  /** True for the last one. */
  release(): boolean {
    if (--this.#count > 0) return false;
    // KERNEL 6.19 fs/file_table.c __fput: epoll lets go before the file's own release
    for (const callback of this.#onClose ?? []) callback();
    this.#onClose = undefined;
    return true;
  }

  onClose(callback: () => void): () => void {
    this.#onClose ??= new Set();
    this.#onClose.add(callback);
    return () => this.#onClose?.delete(callback);
  }
}
