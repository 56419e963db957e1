/**
 * Whether a reader of version `ours` takes messages of version `theirs`: the same major. A newer minor
 * only adds, and its additions are skipped; a text that is no version is never read.
 */
export function readsVersion(ours: string, theirs: string): boolean {
  const major = majorOf(ours);
  return major !== undefined && major === majorOf(theirs);
}

function majorOf(version: string): number | undefined {
  const match = /^(\d{1,6})\.\d{1,6}$/.exec(version);
  return match === null ? undefined : Number(match[1]);
}
