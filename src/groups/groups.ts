import {
  type ActorAddress,
  actorAddress,
  addressPattern,
  CoxswainError,
  decodeValue,
  encodeValue,
  quote,
} from "../../protocols/index.ts";
import { refuse } from "../answers.ts";
import type { Cell } from "../cell.ts";
import { inspect, open } from "../inbound.ts";
import type { Node } from "../node.ts";
import { isLostRace, valueOrThrow } from "../transport/outcomes.ts";
import type { Bucket, Delivery, Subscription } from "../transport/transport.ts";
import { all, groupAddress, groupsBucket } from "./group-address.ts";

/** An actor that takes what its group is sent. */
export interface GroupMember {
  readonly address: ActorAddress;
  readonly node: string;
}

interface MemberRecord {
  readonly incarnation: string;
}

interface Membership {
  readonly group: string;
  readonly address: ActorAddress;
  /** While the actor lives. */
  subscriptions: readonly Subscription[];
  /** One write of its record after the other. */
  writing: Promise<unknown>;
}

/**
 * The groups that actors of this node belong to. A member listens on its group's own address: in a queue group, so that the server
 * gives each message to one of them, and below it to what all are told. Only what listens is given anything: one that ends, or
 * whose node dies, is passed over at once. The list of members is for whoever wants to know; nothing is sent by it.
 */
export class Groups {
  readonly #node: Node;
  readonly #memberships = new Map<string, Membership>();
  #bucket: Promise<Bucket> | undefined;
  #listening = false;

  constructor(node: Node) {
    this.#node = node;
  }

  /** Resolves when what the group is sent from now on may come to the member. @throws ADDRESS_UNKNOWN, STORE_FAILED */
  async join(group: string, address: ActorAddress): Promise<void> {
    const node = this.#node;
    const key = keyOf(group, node.name, address);
    if (this.#memberships.has(key)) return;
    if (!node.cells.has(address))
      throw new CoxswainError(
        "ADDRESS_UNKNOWN",
        `Expected an actor of node ${node.name}, got ${quote(address)}`,
      );
    await this.#open();
    const membership: Membership = { group, address, subscriptions: [], writing: Promise.resolve() };
    this.#memberships.set(key, membership);
    if (!node.cells.has(address)) return;
    this.#listen(membership);
    await this.#write(membership);
    await node.transport.flush();
  }

  async leave(group: string, address: ActorAddress): Promise<void> {
    const key = keyOf(group, this.#node.name, address);
    const membership = this.#memberships.get(key);
    this.#memberships.delete(key);
    if (membership !== undefined) await this.#pause(membership);
  }

  /** All members whose nodes are seen alive, by address. */
  async members(group: string): Promise<readonly GroupMember[]> {
    const entries = valueOrThrow(await (await this.#open()).entries(group));
    const living = new Map(this.#node.registry?.nodes.map(({ node, incarnation }) => [node, incarnation]));
    const members: GroupMember[] = [];
    for (const { key, value } of entries) {
      const [, node = "", ...tokens] = key.split(".");
      const record = value && (decodeValue(value) as MemberRecord);
      if (record?.incarnation !== living.get(node)) continue;
      members.push({ node, address: actorAddress(tokens.join(".")) });
    }
    return members.sort((one, other) => (one.address < other.address ? -1 : 1));
  }

  /** An actor lives: whoever is a member by its address is one again. */
  entered({ address }: Cell): void {
    for (const membership of this.#of(address)) {
      this.#listen(membership);
      this.#told(this.#write(membership));
    }
  }

  left({ address }: Cell): void {
    for (const membership of this.#of(address)) this.#told(this.#pause(membership));
  }

  #of(address: ActorAddress): Membership[] {
    if (this.#memberships.size === 0) return [];
    return [...this.#memberships.values()].filter((membership) => membership.address === address);
  }

  #listen(membership: Membership): void {
    const { transport, system } = this.#node;
    const at = groupAddress(membership.group);
    const handle = (delivery: Delivery): void => this.#receive(membership, delivery);
    membership.subscriptions = [
      transport.subscribe(addressPattern(system, "in", at), handle, { queue: at }),
      transport.subscribe(addressPattern(system, "in", all(at)), handle),
    ];
  }

  /** It takes nothing more; what was given to it already is worked on, or refused where it has ended. */
  async #pause(membership: Membership): Promise<void> {
    const { subscriptions } = membership;
    membership.subscriptions = [];
    await Promise.all(subscriptions.map((subscription) => subscription.drain()));
    await this.#write(membership);
  }

  /** As for any message, with the member as its receiver. */
  #receive({ group, address }: Membership, delivery: Delivery): void {
    const node = this.#node;
    const arrival = open(node, delivery);
    if (arrival === undefined) return;
    const { incoming, to, claimed } = arrival;
    const envelope = { ...incoming.envelope, to: address };
    const own = { ...incoming, envelope, event: envelope };
    const cell = node.cells.get(address);
    const meant = claimed === to || claimed === groupAddress(group) ? address : claimed;
    const refused = inspect(node, cell, meant, own);
    if (refused !== undefined) return refuse(node, own, refused.code as never, refused.message);
    (cell as Cell).enter(own);
  }

  /** What the store is to have of it: its record while it listens, else nothing. */
  #write(membership: Membership): Promise<void> {
    const { name, incarnation } = this.#node;
    const key = keyOf(membership.group, name, membership.address);
    const writing = membership.writing
      .catch(() => {})
      .then(async () => {
        const bucket = await this.#open();
        const isMember = membership.subscriptions.length > 0;
        const record = encodeValue({ incarnation } satisfies MemberRecord);
        const written = await (isMember ? bucket.put(key, record) : bucket.delete(key));
        if (written.kind !== "ok" && !isLostRace(written)) throw written.error;
      });
    membership.writing = writing;
    return writing;
  }

  #told(writing: Promise<unknown>): void {
    writing.catch((error: unknown) => {
      if (this.#node.closed) return;
      this.#node.report({ level: "warning", message: "A group's list of members was not written", error });
    });
  }

  #open(): Promise<Bucket> {
    const { transport, system } = this.#node;
    this.#bucket ??= transport.store
      .bucket(groupsBucket(system))
      .then(valueOrThrow)
      .catch((error: unknown) => {
        this.#bucket = undefined;
        throw error;
      });
    if (!this.#listening) this.#writeAgainLater();
    return this.#bucket;
  }

  /** A server whose power was cut may have forgotten who was a member. */
  #writeAgainLater(): void {
    this.#listening = true;
    this.#node.transport.onEvent(({ type }) => {
      if (type !== "connected") return;
      this.#bucket = undefined;
      for (const membership of this.#memberships.values()) this.#told(this.#write(membership));
    });
  }
}

function keyOf(group: string, node: string, address: ActorAddress): string {
  return `${group}.${node}.${address}`;
}
