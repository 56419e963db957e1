/** What a test expected of the messages of a system, and what came instead. The test runner shows both. */
export class ProbeFailed extends Error {
  readonly expected: unknown;
  readonly actual: unknown;

  constructor(message: string, expected?: unknown, actual?: unknown) {
    super(message);
    this.name = "ProbeFailed";
    this.expected = expected;
    this.actual = actual;
  }
}
