import type {
  ActorAddress,
  MessageId,
  OutgoingOf,
  Protocol,
  QuestionOf,
  QuestionTypeOf,
  ReplyOf,
} from "../../protocols/index.ts";
import { actorAddress } from "../../protocols/index.ts";
import type { AskOptions } from "../asks.ts";
import type { Node } from "../node.ts";
import type { SendOptions } from "../outbound.ts";
import { ActorRef } from "../ref.ts";
import { all, groupAddress } from "./group-address.ts";
import type { GroupMember } from "./groups.ts";

/**
 * Peers behind one name, on any nodes: the verb says whether one of them is meant or all. Volatile, as actors are: a message goes to
 * who is a member at that moment. Any NATS client may send to {@link subject}.
 */
export class Group<P extends Protocol = Protocol> {
  readonly name: string;
  readonly #node: Node;
  readonly #one: ActorRef<P>;
  readonly #all: ActorRef<P>;

  constructor(node: Node, name: string, protocol: P) {
    this.name = name;
    this.#node = node;
    const at = groupAddress(name);
    this.#one = new ActorRef(node, protocol, at);
    this.#all = new ActorRef(node, protocol, all(at));
  }

  /** Where exactly one member takes a message, any of them. */
  get subject(): string {
    return this.#one.subject;
  }

  /** Tells exactly one member; what one turn of the event loop tells may go to the same one, together. Where there is none the message becomes a dead letter. */
  tellOne(message: OutgoingOf<P>, options?: SendOptions): MessageId {
    return this.#one.tell(message, options);
  }

  /** Tells every member, once. Where there is none the message becomes a dead letter. */
  tellAll(message: OutgoingOf<P>, options?: SendOptions): MessageId {
    return this.#all.tell(message, options);
  }

  /** Asks exactly one member: UNREACHABLE at once where there is none. A question that is withdrawn is not taken back. */
  askOne<const M extends QuestionOf<P, QuestionTypeOf<P>>>(
    message: M,
    options?: AskOptions,
  ): Promise<ReplyOf<P, M["type"]>> {
    return this.#one.ask(message, options);
  }

  /**
   * Makes actors of this node members, until they leave. One that ends is none; when one lives at its address again, as a
   * supervisor sees to, it is one again.
   *
   * @throws ADDRESS_UNKNOWN where no such actor lives on this node, ADDRESS_INVALID, STORE_FAILED
   */
  async join(...addresses: readonly string[]): Promise<void> {
    await Promise.all(addresses.map((text) => this.#node.groups.join(this.name, actorAddress(text))));
  }

  async leave(...addresses: readonly string[]): Promise<void> {
    await Promise.all(addresses.map((text) => this.#node.groups.leave(this.name, actorAddress(text))));
  }

  /** The members whose nodes are seen alive; those of a dead one are gone with its lease. @throws STORE_FAILED */
  members(): Promise<readonly GroupMember[]> {
    return this.#node.groups.members(this.name);
  }

  toJSON(): ActorAddress {
    return this.#one.address;
  }
}
