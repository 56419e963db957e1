/** When restarts took place, oldest first, in milliseconds; never more than `intensity + 1`. Plain data. */
export type Restarts = readonly number[];

/** What a window bears. */
export interface Intensity {
  readonly intensity: number;
  readonly periodMs: number;
}

/**
 * Counts a restart: the list without what the window has left behind, with this one. A restart exactly
 * `periodMs` ago still counts, as in OTP, which however compares whole seconds.
 *
 * Source: OTP supervisor, `add_restart/1` and "Maximum Restart Intensity".
 */
export function noteRestart(restarts: Restarts, atMs: number, { periodMs }: Intensity): Restarts {
  const counting = restarts.findIndex((earlierMs) => earlierMs >= atMs - periodMs);
  return [...(counting < 0 ? [] : restarts.slice(counting)), atMs];
}

/** Whether there are more than are borne; then nothing is restarted any more, so the list ends there. */
export function exceeds(restarts: Restarts, { intensity }: Intensity): boolean {
  return restarts.length > intensity;
}
