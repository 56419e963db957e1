import { seededRandom } from "../../support/simulated-env.ts";

/** 0 ≤ x < 1, and what is drawn with it. */
export function drawing(seed: number) {
  const random = seededRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return {
    random,
    below: (n: number): number => Math.floor(random() * n),
    /** Skewed to the right: most are short, a few are long; its mean is `mean`. */
    logNormal: (mean: number, deviation: number): number =>
      mean * Math.exp(deviation * normal() - deviation ** 2 / 2),
    exponential: (mean: number): number => -mean * Math.log(1 - random()),
    /** A tail so heavy that its variance is infinite. */
    pareto: (least: number, shape: number): number => least / (1 - random()) ** (1 / shape),
  };
}
