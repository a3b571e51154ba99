/**
 * Boxes that scroll by themselves say so: a shadow where there is more.
 *
 * @module
 */

/** Says of a box whether there is more to the right of what is seen. */
export function markMore(box: HTMLElement): void {
  const right = box.scrollWidth - box.clientWidth - box.scrollLeft;
  box.classList.toggle("more-right", right > 1);
}

/** Keeps the shadows true. */
export function setUpScrolls(): void {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) markMore(target.closest<HTMLElement>(".scroll")!);
  });
  for (const box of document.querySelectorAll<HTMLElement>(".scroll")) {
    observer.observe(box);
    observer.observe(box.firstElementChild!);
    box.addEventListener("scroll", () => markMore(box), { passive: true });
  }
}
