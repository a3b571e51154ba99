/** The same words with as many zeros behind them, or `least` words. */
export function doubled(words: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(Math.max(words.length * 2, least));
  copy.set(words);
  return copy;
}
