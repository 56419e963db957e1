import type { ReplyOf, Role, workload } from "../../protocols/index.ts";

type Figures = ReplyOf<typeof workload, "figures">["service"][string];

/** How well an agent fits what is wanted, from 0 to 1: the mean of its skills; 1 where nothing particular is wanted. */
export function skillFit({ skills }: Pick<Role, "skills">, wanted: readonly string[]): number {
  if (wanted.length === 0) return 1;
  return (
    wanted.reduce((sum, skill) => sum + (Object.hasOwn(skills, skill) ? (skills[skill] ?? 0) : 0), 0) /
    wanted.length
  );
}

export interface Prediction {
  readonly meanMs: number;
  readonly deviationMs: number;
}

/** An agent without the skill is not infinitely slow: it takes ten times as long. */
const fitMin = 0.1;

/**
 * How long a task of a type will take an agent: by what its log says; before it has done one, by how well its skills fit,
 * where `priorMs` is the time of one whose skills fit fully.
 */
export function predictService(
  known: Figures | undefined,
  { fit, priorMs }: { readonly fit: number; readonly priorMs: number },
): Prediction {
  if (known !== undefined && known.ended > known.failed)
    return { meanMs: known.meanMs, deviationMs: known.deviationMs };
  const meanMs = priorMs / Math.max(fit, fitMin);
  return { meanMs, deviationMs: meanMs / 2 };
}
