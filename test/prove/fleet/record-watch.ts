import { unpack } from "msgpackr";
import { connect, type NatsConnection } from "nats";
import type { CommitLine } from "../history/lines.ts";

/** What stands first in a record: its format, who counts as its owner, and how many turns it has. */
type RecordHead = readonly [format: number, epoch: number, owner: string, nonce: string, turn: number];

/**
 * Looks on as the records of agents are written, with a client that knows nothing of the runtime and goes past the proxies. Where
 * it is cut off, writes may pass unseen.
 */
export class RecordWatch implements AsyncDisposable {
  /** In the order they were seen. */
  readonly commits: CommitLine[] = [];
  readonly #connection: NatsConnection;

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** Of a system that is there. */
  static async start(servers: readonly string[], system: string): Promise<RecordWatch> {
    const connection = await connect({
      servers: [...servers],
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
    });
    const watch = new RecordWatch(connection);
    const bucket = await connection.jetstream().views.kv(`cx_${system}_agents`, { bindOnly: true });
    void watch.#read(await bucket.watch());
    return watch;
  }

  async #read(entries: AsyncIterable<{ key: string; revision: number; value: Uint8Array }>): Promise<void> {
    for await (const { key, revision, value } of entries) {
      if (value.length === 0) continue;
      const [, epoch, , , turn] = unpack(value) as RecordHead;
      this.commits.push({ actor: key, revision, epoch, turn });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}
