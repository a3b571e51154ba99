/**
 * Light or dark.
 *
 * @module
 */

/**
 * Makes the button for light and dark work; without it the page follows the system.
 *
 * @param onChange Called when the colours are others
 */
export function setUpTheme(onChange: () => void): void {
  const { documentElement: page } = document;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme")!;
  const isDark = (): boolean =>
    (page.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const update = (): void => {
    button.ariaPressed = String(isDark());
    onChange();
  };
  button.addEventListener("click", () => {
    page.dataset.theme = isDark() ? "light" : "dark";
    update();
  });
  system.addEventListener("change", update);
  button.ariaPressed = String(isDark());
}
