/** One thing that is not as it was released. */
export interface CheckFinding {
  /** "type account", "protocol ledger". */
  readonly of: string;
  /**
   * - `breaking`: what is stored, or whoever speaks the released protocol, does not get on with it.
   * - `settled`: it would be, but its version says so: a migration, or another major.
   * - `compatible`: all goes on.
   */
  readonly effect: "breaking" | "settled" | "compatible";
  readonly says: string;
  /** What to do about it, or to know. */
  readonly advice?: string;
}
