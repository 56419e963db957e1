/** One of OTP's cases: what is given, and what has to come of it. */
export interface Case {
  readonly says: string;
  /**
   * The required result in the normal form of `oracle.erl`: children as "<id> <state>", newest first; exit reasons as
   * outcomes; what is wrong with flags and specs in OTP's words.
   */
  readonly result: unknown;
  /** Where real OTP answers differently, on purpose or in older releases. */
  readonly otp?: {
    readonly result: unknown;
    /** The first release that answers as required, where one does. */
    readonly until?: number;
    readonly because: string;
  };
}
