import type { StandardSchemaV1 } from "@standard-schema/spec";
import {
  CoxswainError,
  type JsonSchema,
  type Protocol,
  payloadSchema,
  quote,
  replySchema,
  validate,
  writeSchema,
} from "../../../protocols/index.ts";
import { atBoundaries, type Boundaries } from "./boundaries.ts";
import type { ModelLimits } from "./options.ts";
import { textOf } from "./plain.ts";
import { arbitraryOf, fastCheck } from "./schema-arbitrary.ts";

/** Payloads generated at once, of which a few are kept. */
const generatedMax = 60;

/** A payload as it is sent, and as the machine gets it. */
export interface Sample {
  readonly payload: object;
  readonly body: object;
}

/** The payloads made up for the messages of a protocol. */
export class SampleBook {
  readonly #protocol: Protocol | undefined;
  readonly #limits: ModelLimits;
  readonly #generated = new Map<string, readonly Sample[]>();
  readonly #chosen = new Map<string, readonly Sample[]>();

  constructor(protocol: Protocol | undefined, limits: ModelLimits) {
    this.#protocol = protocol;
    this.#limits = limits;
  }

  /** A payload that somebody gave. @throws OPTION_INVALID if it does not fit */
  given(type: string, payload: object): Sample {
    const schema = this.#schema(type);
    if (schema === undefined) return { payload, body: payload };
    const read = validate(schema, payload);
    if (read.ok) return { payload, body: read.value as object };
    throw new CoxswainError(
      "OPTION_INVALID",
      `Expected payloads of ${type} to fit the protocol: ${read.issues}; got ${quote(payload)}`,
    );
  }

  /** A few that differ in kind, the shortest first. Empty if none can be made. */
  few(type: string): readonly Sample[] {
    let chosen = this.#chosen.get(type);
    if (chosen === undefined) {
      chosen = unlike(this.#all(type), this.#limits.samplesMax);
      this.#chosen.set(type, chosen);
    }
    return chosen;
  }

  /** Many: at the boundaries first, then by chance. */
  *many(type: string, boundaries: Boundaries): Generator<Sample> {
    for (const { payload } of this.few(type))
      for (const other of atBoundaries(payload, boundaries)) yield* this.#fitting(type, other);
    yield* this.#all(type);
  }

  /** What a call might come to: mostly it is handed on as the answer to a question. */
  *results(): Generator<unknown> {
    const protocol = this.#protocol;
    for (const type of Object.keys(protocol?.accepts ?? {})) {
      const schema = protocol === undefined ? undefined : replySchema(protocol, type);
      if (schema !== undefined) yield* this.#made(schema).slice(0, this.#limits.samplesMax);
    }
    yield* [undefined, null, "text", 1, true, []];
  }

  #all(type: string): readonly Sample[] {
    let generated = this.#generated.get(type);
    if (generated === undefined) {
      const schema = this.#schema(type);
      const made = schema === undefined ? [{}] : this.#made(schema);
      generated = made.flatMap((payload) => [...this.#fitting(type, payload)]);
      this.#generated.set(type, generated);
    }
    return generated;
  }

  #made(schema: StandardSchemaV1): unknown[] {
    const written = writeSchema(schema, "input");
    if (written === undefined || isEmpty(written)) return [{}];
    const fc = fastCheck();
    const made = fc.sample(arbitraryOf(written, fc), { numRuns: generatedMax, seed: this.#limits.seed });
    return [...new Map(made.map((payload) => [textOf(payload), payload])).values()];
  }

  *#fitting(type: string, payload: unknown): Generator<Sample> {
    const schema = this.#schema(type);
    if (typeof payload !== "object" || payload === null) return;
    if (schema === undefined) return yield { payload, body: payload };
    const read = validate(schema, payload);
    if (read.ok) yield { payload, body: read.value as object };
  }

  #schema(type: string): StandardSchemaV1 | undefined {
    return this.#protocol === undefined ? undefined : payloadSchema(this.#protocol, type);
  }
}

/** Nothing to make up, and so nothing to load a library for. */
function isEmpty({ type, properties, additionalProperties }: JsonSchema): boolean {
  const open = typeof additionalProperties === "object" && additionalProperties !== null;
  return type === "object" && !open && Object.keys((properties ?? {}) as object).length === 0;
}

/** The shortest first; then always the one that shows most of what was not there yet. */
function unlike(samples: readonly Sample[], most: number): Sample[] {
  const left = samples
    .map((sample) => ({ sample, traits: traitsOf(sample.payload), text: textOf(sample.payload) }))
    .sort((a, b) => a.text.length - b.text.length || (a.text < b.text ? -1 : 1));
  const shown = new Set<string>();
  const chosen: Sample[] = [];
  while (chosen.length < most && left.length > 0) {
    const news = left.map(({ traits }) => traits.filter((trait) => !shown.has(trait)).length);
    const best = chosen.length === 0 ? 0 : news.indexOf(Math.max(...news));
    if (chosen.length > 0 && news[best] === 0) break;
    const [{ sample, traits }] = left.splice(best, 1) as [(typeof left)[number]];
    for (const trait of traits) shown.add(trait);
    chosen.push(sample);
  }
  return chosen;
}

/** What there is to see in a payload: which keys, of which type; which truth, sign, or short text. */
function traitsOf(value: unknown, at = ""): string[] {
  if (Array.isArray(value))
    return [`${at}[${Math.min(value.length, 2)}]`, ...value.flatMap((part) => traitsOf(part, `${at}.*`))];
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([key, part]) => traitsOf(part, `${at}.${key}`));
  if (typeof value === "number") return [`${at} number ${Math.sign(value)}`];
  if (typeof value === "string") return [`${at} text ${/^\w{1,20}$/.test(value) ? value : value === ""}`];
  return [`${at} ${String(value)}`];
}
