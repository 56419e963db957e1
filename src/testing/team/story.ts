import type { Message, Timer } from "./cell.ts";
import type { TeamFact } from "./facts.ts";
import { identityOf } from "./identity.ts";
import type { Outcome } from "./local-steps.ts";
import type { PlainCell } from "./member-view.ts";
import { outside } from "./outside.ts";
import type { Row } from "./rows.ts";
import type { TeamModel } from "./team-model.ts";
import type { TeamStep } from "./team-step.ts";

const bodyMax = 120;

/** Tells the steps of a team in sentences. */
export class Story {
  readonly #model: TeamModel;

  constructor(model: TeamModel) {
    this.#model = model;
  }

  /** What happened, without what came of it: by this a step is found again. */
  name(step: TeamStep): string {
    switch (step.kind) {
      case "deliver":
      case "overtake": {
        const ahead = step.kind === "overtake" ? ", ahead of what was sent before" : "";
        return `${this.#address(step.place)} gets ${this.#message(step.message)}${ahead}`;
      }
      case "event":
        return `${this.#address(step.place)} gets ${this.#message(step.message)}`;
      case "lose":
      case "double": {
        const { to } = this.#model.parts.plain(step.message) as Message;
        const does = step.kind === "lose" ? "loses" : "doubles";
        return `the network ${does} ${this.#message(step.message)} to ${to}`;
      }
      case "timer":
        return `${this.#address(step.place)} ${this.#timer(step.cell, step.at)}`;
      case "call":
        return this.#call(step.place, step.cell, step.at);
      case "take up":
        return `${this.#address(step.place)} takes up what it held back`;
      case "start":
        return `${this.#address(step.place)} is started again`;
      case "crash":
        return `${this.#address(step.place)} crashes`;
      case "write":
        return `${this.#address(step.place)} is written down as it is`;
    }
  }

  /** The whole sentence. */
  sentence(step: TeamStep, before: Row): string {
    const name = this.name(step);
    if (!("outcome" in step)) return `${name}.`;
    const came = this.#consequences(step.outcome, before[step.place] as number);
    return came.length === 0 ? `${name}.` : `${name}; it ${listed(came)}.`;
  }

  /** How everybody begins. */
  beginning(outcomes: readonly Outcome[]): string[] {
    return outcomes.map((outcome) => {
      const { member, value } = this.#plain(outcome.cell);
      const begins = hasStates(value) ? `begins in ${text(value)}` : "begins";
      return `${member} ${listed([begins, ...this.#said(outcome.facts)])}.`;
    });
  }

  /** What everybody is in a state, and what is under way. */
  state(row: Row): string {
    const members = this.#model.plan.addresses.flatMap((address, place) => {
      const { phase, value, context, held } = this.#plain(row[place] as number);
      if (phase !== "up") return [`${address} is ${phase}`];
      const data = context === undefined || identityOf(context) === "{}" ? [] : [`has ${text(context)}`];
      const is = hasStates(value) ? [`is in ${text(value)}`] : [];
      const holds = held.length === 0 ? [] : [`holds back ${held.map(({ type }) => type).join(", ")}`];
      const all = listed([...is, ...data, ...holds]);
      return all === "" ? [] : [`${address} ${all}`];
    });
    const mail = row.slice(this.#model.rows.mail).map((message) => {
      const { to } = this.#model.parts.plain(message) as Message;
      return `${this.#message(message)} to ${to}`;
    });
    const under = mail.length === 0 ? [] : [`under way: ${mail.join("; ")}`];
    const history = row[this.#model.rows.history] as number;
    const remembered = history < 0 ? [] : [`history: ${text(this.#model.parts.plain(history))}`];
    return [...members, ...under, ...remembered].join("; ");
  }

  #consequences(outcome: Outcome, before: number): string[] {
    const said = this.#said(outcome.facts);
    const was = this.#plain(before);
    const is = this.#plain(outcome.cell);
    if (is.phase !== "up" || text(is.value) === text(was.value)) return said;
    return [...said, `is now in ${text(is.value)}`];
  }

  #said(facts: readonly TeamFact[]): string[] {
    return facts.flatMap(wordsFor);
  }

  #message(part: number): string {
    const { kind, from, type, body: given, question } = this.#model.parts.plain(part) as Message;
    const mark = question === undefined || question.endsWith("/0") ? "" : ` (question ${question})`;
    const sender = from === outside ? "outside" : from;
    switch (kind) {
      case "tell":
        return `${type}${body(given)} from ${sender}`;
      case "ask":
        return `the question ${type}${body(given)} of ${sender}${mark}`;
      case "reply":
        return `the answer ${text(given)} of ${sender} to ${type}${mark}`;
      case "refusal":
        return `the refusal of ${sender} to ${type} (${refusal(given)})${mark}`;
      case "down": {
        const { address, outcome } = given as { address: string; outcome: { kind: string } };
        return `word that ${address} has ended (${outcome.kind})`;
      }
    }
  }

  #timer(cell: number, at: number): string {
    const [kind, id, , ...rest] = this.#plain(cell).timers[at] as [
      Timer["kind"],
      string,
      number,
      ...unknown[],
    ];
    const delayMs = this.#plain(cell).timers[at]?.[2] as number;
    if (kind === "deadline")
      return `waits no longer for the answer to ${this.#asked(cell, id)} (${delayMs} ms)`;
    const event = rest.at(-1) as { readonly type: string };
    if (kind === "send") return `sends the ${event.type} it put off for ${delayMs} ms to ${String(rest[0])}`;
    const what = event.type.startsWith("xstate.after.") ? "" : `: ${event.type}`;
    return `has waited for ${delayMs} ms${what}`;
  }

  #asked(cell: number, question: string): string {
    const ask = this.#plain(cell).asks.find(([, asked]) => asked === question);
    return ask === undefined
      ? question
      : `${String(ask[3])} of ${String(ask[2])}${question.endsWith("/0") ? "" : ` (question ${question})`}`;
  }

  #call(place: number, cell: number, at: number): string {
    const { calls, view } = this.#model.local.abilities(place, cell);
    const choice = calls[at];
    const address = this.#address(place);
    const [child = "", src = ""] = this.#plain(cell).calls[choice?.call ?? 0] ?? [];
    const same = view.calls.filter((other) => other === src).length > 1;
    const name = `the call ${src}${same ? ` (${child})` : ""} of ${address}`;
    if (choice?.kind === "done") return `${name} gives ${text(choice.value)}`;
    if (choice?.kind === "error") return `${name} fails with ${text(choice.value)}`;
    return `${name} sends ${text(choice?.value)}`;
  }

  #plain(cell: number): PlainCell {
    return this.#model.parts.plain(cell) as PlainCell;
  }

  #address(place: number): string {
    return this.#model.plan.addresses[place] as string;
  }
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/** A machine without states is in `{}`. */
function hasStates(value: unknown): boolean {
  return text(value) !== "{}";
}

function text(value: unknown): string {
  const whole = value instanceof Error ? value.message : (JSON.stringify(value) ?? String(value));
  return whole.length > bodyMax ? `${whole.slice(0, bodyMax - 1)}…` : whole;
}

function body(value: unknown): string {
  const whole = text(value);
  return whole === "{}" ? "" : ` ${whole}`;
}

function refusal(value: unknown): string {
  const { code, message } = value as { readonly code: string; readonly message: string };
  return code === "REFUSED" ? message : code;
}

function ending(outcome: Extract<TeamFact, { kind: "ended" }>["outcome"]): string {
  if (outcome.kind === "failed") return `fails: ${outcome.error.message}`;
  return outcome.kind === "done" ? "is done" : `ends (${outcome.kind})`;
}

function wordsFor(fact: TeamFact): string[] {
  switch (fact.kind) {
    case "told":
      return [`tells ${fact.to} ${fact.type}${body(fact.body)}`];
    case "asked":
      return [`asks ${fact.to} ${fact.type}${body(fact.body)}`];
    case "replied":
      return [`answers ${fact.to === outside ? "whoever asked" : fact.to} ${text(fact.body)}`];
    case "refused":
      return [`refuses ${fact.to === outside ? "whoever asked" : fact.to}: ${String(fact.body)}`];
    case "emitted":
      return [`emits ${fact.type}${body(fact.body)}`];
    case "acted":
      return [`does ${fact.type}${fact.body === undefined ? "" : body(fact.body)}`];
    case "called":
      return [`calls ${fact.type}${fact.body === undefined ? "" : body(fact.body)}`];
    case "unexpected":
      return ["cannot take it, and it is gone"];
    case "held":
      return ["holds it back"];
    case "late":
      return ["does not wait for it any more"];
    case "ended":
      return [ending(fact.outcome)];
    case "took":
    case "crashed":
    case "started":
    case "wrote":
      return [];
  }
}
