import type { durability } from "../../machines/index.ts";
import { type ActorAddress, CoxswainError, type Envelope } from "../../protocols/index.ts";
import { answerEnvelope, publishAnswer } from "../answers.ts";
import { pause } from "./activation.ts";
import type { AgentCell } from "./agent-cell.ts";
import type { AgentHost, Message } from "./agent-host.ts";
import { type AgentMessage, type AgentRecord, type Burial, graveyard } from "./agent-record.ts";
import { Chronicler } from "./history/chronicler.ts";
import { historian, type Recorded } from "./history/recorder.ts";
import { openLetter } from "./message-turn.ts";
import type { OutboxPublisher } from "./posting/outbox-publisher.ts";

/** What leaves a durable agent once it is committed: messages, answers, dead letters, turns for its history. */
export class AgentPost {
  /** Of a type with a history. */
  readonly chronicler: Chronicler | undefined;
  readonly #host: AgentHost;
  readonly #address: ActorAddress;
  readonly #publisher: OutboxPublisher;
  readonly #confirmed: (positions: readonly number[]) => void;
  readonly #broke: (error: unknown) => void;
  #stopped = false;

  /**
   * @param confirmed is told the places in the outbox that are stored where they belong
   * @param broke is told what the runtime threw
   */
  constructor(
    host: AgentHost,
    address: ActorAddress,
    confirmed: (positions: readonly number[]) => void,
    broke: (error: unknown) => void,
  ) {
    this.#host = host;
    this.#address = address;
    this.#confirmed = confirmed;
    this.#broke = broke;
    this.#publisher = host.publisher(address, confirmed);
    const { history, env } = host;
    this.chronicler = history && new Chronicler(env, history, address, confirmed);
  }

  /** Nothing more leaves: another owner goes on. */
  stop(): void {
    this.#stopped = true;
    this.#publisher.stop();
    this.chronicler?.stop();
  }

  answers({ state }: AgentRecord): void {
    for (const { to, envelope, json } of state.unsent) publishAnswer(this.#host.node, to, envelope, json);
  }

  /** Until it is stored where it belongs. */
  publish({ to, message, ...entry }: durability.OutboxEntry<AgentMessage>): void {
    const { position } = entry;
    if (to === graveyard) this.#bury(message as Burial, () => this.#confirmed([position]));
    else if (to === historian) this.chronicler?.publish(position, (message as Recorded).entry);
    else this.#publisher.publish([{ ...entry, to, message: message as Envelope }]);
  }

  /** A message that its record says nothing of any more, or that comes after its end. */
  refuseLate(cell: AgentCell, { arrival, letter }: Message, reason: "stale" | "closed"): void {
    const { node } = this.#host;
    const [code, text] =
      reason === "closed"
        ? (["ACTOR_STOPPED", `${this.#address} has ended`] as const)
        : (["MESSAGE_STALE", "whether it was worked on before is not known any more"] as const);
    const { envelope, json } = openLetter(cell, letter);
    const done = (): void => this.#host.acknowledge(arrival.entry);
    if (letter.reply !== undefined && envelope !== undefined) {
      const refusal = { ok: false, error: new CoxswainError(code, text) } as const;
      node.counts.refused++;
      publishAnswer(node, letter.reply, answerEnvelope(node, "", envelope, refusal), json);
      return done();
    }
    node.counts.dead++;
    this.#bury({ code, reason: text, frame: letter.frame }, done);
  }

  /** Tries until the dead letters have it. */
  #bury(burial: Burial, kept: () => void): void {
    this.#tryBurying(burial).then((isKept) => isKept && kept(), this.#broke);
  }

  async #tryBurying({ code, reason, frame }: Burial): Promise<boolean> {
    for (let tries = 0; !this.#stopped; tries++) {
      if (await this.#host.bury(this.#address, frame, code, reason)) return !this.#stopped;
      await pause(this.#host.env, tries);
    }
    return false;
  }
}
