import type { KeyObject } from "node:crypto";
import type { Unzoned } from "../../machines/index.ts";
import type { GrantClaims } from "../../protocols/index.ts";
import type { Env } from "../env/env.ts";
import type { Closable, Transport } from "../transport/transport.ts";
import { followPublicKeys, openSigningKey } from "./key-store.ts";
import { openToken, type SigningKey, sealToken } from "./token.ts";

export interface GrantsHost {
  readonly system: string;
  readonly zone: string;
  readonly env: Env;
  readonly transport: Transport;
}

/** Tokens whose signature was found good: to find one costs a thousandth of checking it again. */
const openedMax = 1_000;

/** A node's part in grants: checks the tokens that come with messages, offline, and signs those of the books it hosts. */
export class NodeGrants {
  readonly #host: GrantsHost;
  readonly #keys = new Map<string, KeyObject>();
  readonly #opened = new Map<string, GrantClaims>();
  readonly #signing = new Map<string, Promise<SigningKey>>();
  #following: Promise<Closable> | undefined;
  #closed = false;

  constructor(host: GrantsHost) {
    this.#host = host;
  }

  /** Knows the system's public keys from then on. An actor that asks for grants waits for it before it takes messages. @throws STORE_FAILED */
  async follow(): Promise<void> {
    const { system, transport } = this.#host;
    this.#following ??= followPublicKeys(transport.store, system, (id, key) => this.#keyChanged(id, key));
    try {
      const watching = await this.#following;
      if (this.#closed) watching.close();
    } catch (error) {
      this.#following = undefined;
      throw error;
    }
  }

  #keyChanged(id: string, key: KeyObject | undefined): void {
    // What was found good by a key that is gone is good no more.
    this.#opened.clear();
    if (key === undefined) this.#keys.delete(id);
    else this.#keys.set(id, key);
  }

  /**
   * Signs grants, each as a token, in their order.
   *
   * @param privateKey default the system's own, from its store
   * @throws OPTION_INVALID for a key that is none; STORE_FAILED
   */
  async seal(claims: readonly Unzoned[], privateKey?: string): Promise<readonly string[]> {
    const { zone } = this.#host;
    const key = await this.#signingKey(privateKey);
    return claims.map((each) => sealToken({ ...each, zone: each.zone ?? zone }, key));
  }

  async #signingKey(privateKey: string | undefined): Promise<SigningKey> {
    const { system, transport } = this.#host;
    const name = privateKey ?? "";
    const opening = this.#signing.get(name) ?? openSigningKey(transport.store, system, privateKey);
    this.#signing.set(name, opening);
    try {
      return await opening;
    } catch (error) {
      this.#signing.delete(name);
      throw error;
    }
  }

  /** What a token claims, or what is wrong with it. Whether it covers a message, and still stands, is asked elsewhere. */
  open(token: string): GrantClaims | string {
    const known = this.#opened.get(token);
    if (known !== undefined) return known;
    const opened = openToken(token, (id) => this.#keys.get(id));
    if (typeof opened === "string") return opened;
    if (this.#opened.size >= openedMax) this.#opened.delete(this.#opened.keys().next().value as string);
    // Every message that comes under it gets these very claims.
    const frozen = freezeDeep(opened);
    this.#opened.set(token, frozen);
    return frozen;
  }

  close(): void {
    this.#closed = true;
    this.#following?.then(
      (watching) => watching.close(),
      () => {},
    );
  }
}

function freezeDeep<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const each of Object.values(value)) freezeDeep(each);
  return Object.freeze(value);
}
