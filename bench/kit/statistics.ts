export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

/** Round by round: neighbours in time, so that what slows the machine slows both. */
export function ratiosOf(subject: readonly number[], against: readonly number[]): number[] {
  return subject.slice(0, against.length).map((value, round) => value / (against[round] as number));
}
