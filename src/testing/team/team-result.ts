import type { CheckResult } from "./check-result.ts";
import type { Outcome } from "./local-steps.ts";
import type { Row } from "./rows.ts";
import { Story } from "./story.ts";
import type { TeamModel } from "./team-model.ts";
import type { TeamStep } from "./team-step.ts";
import { type TestTextOptions, testText } from "./test-text.ts";

/** How a team breaks a property. */
export interface TeamViolation {
  readonly kind: "unsafe" | "deadlock" | "trap" | "never";
  /** The property's. */
  readonly name: string;
  /** How everybody begins. */
  readonly beginning: readonly string[];
  /** A sentence for each step: what happened, and what came of it. */
  readonly sentences: readonly string[];
  /** Of each step its first words, by which a replay finds it. */
  readonly steps: readonly string[];
  /** For `never`: the steps from this one on repeat for ever. */
  readonly loopsFrom: number | undefined;
  /** What everybody is in the end. */
  readonly end: string;
}

export interface TeamResult {
  /** `undecided`: nothing was found, but not everything was looked at. */
  readonly verdict: "holds" | "violated" | "undecided";
  readonly violation: TeamViolation | undefined;
  /** How it breaks, step by step; if it does not, what was looked at. Good as the message of an assertion. */
  readonly story: string;
  /** The text of a Vitest test that fails as long as the story can happen. @throws TypeError where there is no story. */
  toTest(options: TestTextOptions): string;
  readonly states: number;
  readonly edges: number;
  readonly depth: number;
  /** Steps of single members that were worked out; all others are made of these. */
  readonly localSteps: number;
  /** Whether symmetric members were folded. */
  readonly folded: boolean;
  /** What was not looked at, in sentences. */
  readonly limits: readonly string[];
  readonly elapsedMs: number;
  readonly statesPerSecond: number;
}

interface Searched {
  readonly model: TeamModel;
  readonly outcomes: readonly Outcome[];
  readonly isFolded: boolean;
  /** Whether the user said how many messages may be under way. */
  readonly isBounded: boolean;
}

export function teamResult(
  result: CheckResult<Row, TeamStep>,
  { model, outcomes, isFolded, isBounded }: Searched,
): TeamResult {
  const violation = violationOf(result, model, outcomes);
  const { inFlightMax } = model.plan.channels;
  const waited = [...model.rows.waited].map(
    ([address, count]) =>
      `${count} steps of ${address} were not taken, as more than ${inFlightMax} messages (inFlightMax) would have been under way`,
  );
  const truncated = result.truncated === undefined ? [] : [result.truncated.message];
  const isOpen = truncated.length > 0 || (waited.length > 0 && !isBounded);
  const { states, edges, depth, elapsedMs, statesPerSecond } = result;
  const limits = [...truncated, ...waited];
  const verdict = violation !== undefined ? "violated" : isOpen ? "undecided" : "holds";
  const figures = `${states} states, ${edges} edges, ${depth} steps deep`;
  const summary = [`${verdict}: ${figures}`, ...limits].join("\n");
  return {
    verdict,
    violation,
    story: violation === undefined ? summary : tell(violation),
    toTest: (options) => {
      if (violation === undefined)
        throw new TypeError("Expected a story to make a test of; nothing was violated");
      return testText(violation, tell(violation), options);
    },
    states,
    edges,
    depth,
    localSteps: model.local.count,
    folded: isFolded,
    limits,
    elapsedMs,
    statesPerSecond,
  };
}

function violationOf(
  { violation }: CheckResult<Row, TeamStep>,
  model: TeamModel,
  outcomes: readonly Outcome[],
): TeamViolation | undefined {
  if (violation === undefined) return undefined;
  const story = new Story(model);
  const { kind, name, start, steps, loopsFrom } = violation;
  const rows = [start, ...steps.map(({ state }) => state)];
  return {
    kind,
    name,
    loopsFrom,
    beginning: story.beginning(outcomes),
    sentences: steps.map(({ what }, i) => story.sentence(what as TeamStep, rows[i] as Row)),
    steps: steps.map(({ what }) => story.name(what as TeamStep)),
    end: story.state(rows.at(-1) as Row),
  };
}

function tell({ kind, name, beginning, sentences, loopsFrom, end }: TeamViolation): string {
  const broken = {
    unsafe: `"${name}" is broken`,
    deadlock: "The team comes to rest where it must not",
    trap: `"${name}" comes out of reach`,
    never: `"${name}" may never come`,
  }[kind];
  const steps = sentences.flatMap((sentence, i) => [
    ...(i === loopsFrom ? ["From here on, again and again:"] : []),
    `${i + 1}. ${sentence}`,
  ]);
  const stays = loopsFrom === sentences.length ? ["There it stays."] : [];
  return [
    `${broken}:`,
    ...beginning.map((line) => `   ${line}`),
    ...steps,
    ...stays,
    `In the end: ${end}.`,
  ].join("\n");
}
