/**
 * The steps of a kick, one after the other in modelled time.
 *
 * @module
 */
import { grouped } from "../_format.ts";

/** Makes the slider and the buttons below the picture of a kick work. */
export function setUpKicks(): void {
  for (const figure of document.querySelectorAll<HTMLElement>(".kick")) {
    const slider = figure.querySelector<HTMLInputElement>("input[type=range]")!;
    const lanes = [...figure.querySelectorAll<HTMLElement>(".path")].map((path) => ({
      name: path.dataset.name!,
      path,
      steps: [...path.querySelectorAll<HTMLElement>("[data-from]")],
    }));
    const starts = [
      ...new Set(lanes.flatMap(({ steps }) => steps.map((step) => Number(step.dataset.from)))),
    ].sort((a, b) => a - b);
    starts.push(Number(slider.max));

    const show = (): void => {
      const now = Number(slider.value);
      const said = lanes.map(({ name, path, steps }) => {
        const last = steps.findLast((step) => Number(step.dataset.from) <= now);
        const isOver = now >= Number(path.dataset.cycles);
        for (const step of steps) {
          step.classList.toggle("todo", Number(step.dataset.from) > now);
          step.classList.toggle("now", step === last && !isOver);
          if (step === last && !isOver) step.setAttribute("aria-current", "step");
          else step.removeAttribute("aria-current");
        }
        path.classList.toggle("over", isOver && now < Number(slider.max));
        return `${name}: ${isOver ? "the guest goes on" : last?.dataset.title ?? ""}`;
      });
      const text = now >= Number(slider.max)
        ? "All steps"
        : `After ${grouped(now)} modelled cycles. ${said.join("; ")}`;
      figure.querySelector("output")!.textContent = text;
      slider.setAttribute("aria-valuetext", text);
    };

    const go = (to: number | undefined): void => {
      slider.value = String(to ?? slider.value);
      show();
    };
    const moves: Record<string, () => void> = {
      first: () => go(0),
      back: () => go(starts.findLast((start) => start < Number(slider.value))),
      on: () => go(starts.find((start) => start > Number(slider.value))),
      all: () => go(Number(slider.max)),
    };
    for (const button of figure.querySelectorAll<HTMLElement>("[data-move]")) {
      button.addEventListener("click", moves[button.dataset.move!]!);
    }
    slider.addEventListener("input", show);
  }
}
