import type { ParseArgsOptionDescriptor } from "node:util";

/** An option of a command, and what `--help` says of it. */
interface OptionSpec extends Pick<ParseArgsOptionDescriptor, "type"> {
  /** Stands for the value: "URL". Absent for a switch. */
  readonly value?: string;
  readonly says: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What was typed, by the specs of the command. */
export interface Given {
  readonly positionals: readonly string[];
  /** Behind `--`. */
  readonly rest: readonly string[];
  text(name: string): string | undefined;
  flag(name: string): boolean;
  /** A whole number; `fallback` where it was not given. @throws UsageError */
  count(name: string, fallback: number, range: { readonly min: number; readonly max: number }): number;
}

export interface Command {
  readonly name: string;
  /** In the list of commands. */
  readonly summary: string;
  /** Behind "coxswain ". */
  readonly usage: string;
  /** What it does, in a few lines. */
  readonly says: string;
  readonly example: string;
  readonly options: OptionSpecs;
  readonly positionalsMax: number;
  /** Resolves with the exit code. */
  run(given: Given): Promise<number>;
}

/** The command line was not understood: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A failure whose message says everything: exit code 1, without a stack. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
}

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  noServer: 3,
  interrupted: 130,
} as const;
