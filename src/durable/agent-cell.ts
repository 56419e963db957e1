import type { AnyMachineSnapshot } from "xstate";
import type { Actors, Answer, AskLimits } from "../../machines/index.ts";
import {
  type ActorAddress,
  type ActorOutcome,
  CoxswainError,
  type Envelope,
  type Protocol,
  type ReplyTo,
} from "../../protocols/index.ts";
import type { Env } from "../env/env.ts";
import { publishFact } from "../facts.ts";
import type { Node } from "../node.ts";
import { publish } from "../outbound.ts";
import { Voice } from "../voice.ts";
import type { Effect } from "../xstate/effects.ts";
import type { AnySnapshot, HostCell } from "../xstate/host.ts";
import type { Arrival, Delayed, TurnKeeper } from "../xstate/turn-keeper.ts";
import type { DurableDefinition } from "./durability.ts";
import type { Held, TurnBook } from "./turn-book.ts";

/** What the cell needs of the agent it is the inside of. */
export interface AgentInside {
  /** Wall clock that jumps with nobody's. */
  readonly nowMs: number;
  arrived(arrival: Arrival): void;
  /** The key of the call at a path; the same over all tries and owners. */
  callKey(path: string): string | undefined;
}

/** What a durable agent's machine says and wants, written into the book of the turn at hand. */
export class AgentCell extends Voice implements HostCell, TurnKeeper {
  readonly node: Node;
  readonly address: ActorAddress;
  readonly definition: DurableDefinition;
  readonly #inside: AgentInside;
  /** Of the turn that runs; between turns there is none. */
  book: TurnBook | undefined;
  /** While a machine is made of its snapshot: what begins again with it. */
  restoring: Held[] | undefined;
  /** What caused the committed turn whose effects are carried out just now. */
  releasing: Envelope | undefined;

  constructor(node: Node, address: ActorAddress, definition: DurableDefinition, inside: AgentInside) {
    super();
    this.node = node;
    this.address = address;
    this.definition = definition;
    this.#inside = inside;
  }

  get env(): Env {
    return this.node.env;
  }

  get nowMs(): number {
    return this.#inside.nowMs;
  }

  get actors(): Actors {
    throw new CoxswainError("OPTION_INVALID", `${this.address} is durable: it tells others, it starts none`);
  }

  // ---- a turn (HostCell, TurnKeeper) ----

  cause(): unknown {
    const envelope = this.book?.cause.envelope;
    return envelope === undefined ? undefined : { envelope };
  }

  idOf(cause: unknown): string | undefined {
    return (cause as { readonly envelope: Envelope } | undefined)?.envelope.id;
  }

  begin(): boolean {
    return true;
  }

  end(before: AnySnapshot, after: AnySnapshot): void {
    const { book } = this;
    const from = (before as AnyMachineSnapshot).value;
    const to = (after as AnyMachineSnapshot).value;
    if (book === undefined || from === to) return;
    book.moved = true;
    if (this.node.facts.changed)
      book.run(() => publishFact(this.node, this.address, "changed", { value: to, from }));
  }

  hold(effects: readonly Effect[]): void {
    const { book } = this;
    if (this.restoring !== undefined) return void this.restoring.push(...effects);
    if (book === undefined) return this.effectFailed(new Error("Expected a turn"), "what it wanted");
    try {
      book.take(effects);
    } catch (error) {
      book.fault ??= { error };
    }
  }

  arrived(arrival: Arrival): void {
    this.#inside.arrived(arrival);
  }

  arm(delayed: Delayed): void {
    const { book } = this;
    if (book === undefined)
      return this.effectFailed(new Error("Expected a turn to set it in"), `timer ${delayed.id}`);
    try {
      book.arm(delayed);
    } catch (error) {
      book.fault ??= { error };
    }
  }

  disarm(source: string, id: string | undefined): void {
    this.book?.disarm(source, id);
  }

  callKey(path: string): string | undefined {
    return this.#inside.callKey(path);
  }

  done(): void {
    this.book?.close();
  }

  failed(error: unknown): void {
    if (this.book !== undefined) this.book.fault ??= { error };
  }

  // ---- after the commit ----

  mayRelease(): boolean {
    return true;
  }

  /** A volatile actor gets it at most once. */
  publish(envelope: Envelope, to: ActorAddress): void {
    publish(this.node, envelope, this.node.inboxSubject(to), this.node.unreachableSubject(envelope));
  }

  countLateReply(): void {
    this.node.counts.lateReplies++;
  }

  /** What is committed stands; whoever wants an effect that is tried again makes a call of it. */
  effectFailed(error: unknown, what: string): void {
    const message = `${this.address}: ${what} failed`;
    this.node.report({ level: "error", message, address: this.address, error });
  }

  override ask(
    cause: unknown,
    protocol: Protocol,
    to: ActorAddress,
    message: { readonly type: string },
    { callKey, ...limits }: AskLimits & { readonly callKey?: string },
  ): Promise<unknown> {
    // Asked again by another owner, it is the same question.
    const key = limits.key ?? callKey;
    return super.ask(cause, protocol, to, message, key === undefined ? limits : { ...limits, key });
  }

  protected get causedBy(): Envelope | undefined {
    return this.book?.cause.envelope ?? this.releasing;
  }

  protected answer(_to: ReplyTo, _given: Answer): void {
    throw new CoxswainError("INVARIANT_BROKEN", "An answer of a durable agent goes by the book of its turn");
  }

  endWith(_outcome: ActorOutcome): void {
    this.book?.close();
  }

  protected announced(): void {}
}
