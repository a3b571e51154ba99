// KERNEL 4.4 lib/sort.c sort
/** The kernel's heapsort, whose order of equal elements is part of what is modelled. */
export function heapSort<T>(items: T[], compare: (a: T, b: T) => number): void {
  const count = items.length;
  for (let root = (count >>> 1) - 1; root >= 0; root--) siftDown(items, root, count, compare);
  for (let last = count - 1; last > 0; last--) {
    swap(items, 0, last);
    siftDown(items, 0, last, compare);
  }
}

function siftDown<T>(
  items: T[],
  from: number,
  count: number,
  compare: (a: T, b: T) => number,
): void {
  let parent = from;
  for (let child = 2 * parent + 1; child < count; child = 2 * parent + 1) {
    if (child + 1 < count && compare(items[child]!, items[child + 1]!) < 0) child++;
    if (compare(items[parent]!, items[child]!) >= 0) return;
    swap(items, parent, child);
    parent = child;
  }
}

function swap<T>(items: T[], a: number, b: number): void {
  const held = items[a]!;
  items[a] = items[b]!;
  items[b] = held;
}
