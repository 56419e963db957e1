import type { CoxswainError } from "../../protocols/index.ts";
import { dial, parseAddress, urlHost } from "./nats-dial.ts";
import { NatsLink } from "./nats-link.ts";
import type { NatsSettings, ServerAddress } from "./nats-options.ts";

/** Makes one link after the other, to any server of the cluster. */
export class NatsConnector {
  readonly settings: NatsSettings;
  #addresses: readonly ServerAddress[];
  #stopped = false;
  #wake: () => void = () => {};

  constructor(settings: NatsSettings) {
    this.settings = settings;
    this.#addresses = shuffled(settings.servers, settings.env.random);
  }

  /** @throws the last server's answer. */
  async connect(): Promise<NatsLink> {
    const { settings } = this;
    const link = new NatsLink(await dial(settings, this.#addresses), settings, settings.tls !== undefined);
    this.#learn(link);
    return link;
  }

  /**
   * Tries until a server lets us; the servers take turns. `failed` hears of each failed try.
   *
   * @returns undefined once stopped.
   * @throws the last server's answer after `reconnectAttemptsMax` tries.
   */
  async reconnect(failed: (error: CoxswainError) => void): Promise<NatsLink | undefined> {
    const { reconnectWaitMs, reconnectAttemptsMax, env } = this.settings;
    for (let attempt = 1; !this.#stopped; attempt++) {
      // Twenty nodes lose their server in the same instant; they need not come back in one.
      const fromMs = attempt === 1 ? 0 : reconnectWaitMs / 2;
      await this.#pause(fromMs + env.random() * reconnectWaitMs);
      if (this.#stopped) break;
      try {
        const link = await this.connect();
        if (!this.#stopped) return link;
        link.close("closed by us");
      } catch (thrown) {
        if (attempt >= reconnectAttemptsMax) throw thrown;
        failed(thrown as CoxswainError);
      }
    }
    return undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.settings.env.setTimer(delayMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** The servers that were given come first; those the cluster told of may change with each connection. */
  #learn({ info }: NatsLink): void {
    const given = this.settings.servers;
    const known = new Set(given.map(urlHost));
    const told = (info.connect_urls ?? []).map(parseAddress).filter((each) => !known.has(urlHost(each)));
    this.#addresses = shuffled([...given, ...told], this.settings.env.random);
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const rest = [...items];
  const order: T[] = [];
  while (rest.length > 0) order.push(...rest.splice(Math.floor(random() * rest.length), 1));
  return order;
}
