import type { SupervisorFlags } from "../../protocols/index.ts";

/**
 * Whether a supervisor stops because this child ended by itself and is not restarted. `significantLeft`: the
 * other significant children that run or are being restarted.
 *
 * Source: OTP supervisor, "Automatic Shutdown".
 */
export function shutsDown(
  autoShutdown: SupervisorFlags["autoShutdown"],
  significant: boolean,
  significantLeft: number,
): boolean {
  if (!significant) return false;
  switch (autoShutdown) {
    case "never":
      return false;
    case "any_significant":
      return true;
    case "all_significant":
      return significantLeft === 0;
  }
}
