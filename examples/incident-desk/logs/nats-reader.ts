import { addOne, clip, shorten } from "./bounded.ts";
import { type NatsFacts, newProblems, newTally, VERSIONS_MAX } from "./nats-facts.ts";
import { type NatsLine, natsLine } from "./nats-line.ts";
import { type LogReader, ReaderNotes } from "./reader.ts";

// The arrows changed sides between server 1.x and 2.x; what was published or delivered is told by the verb.
const traced = /^(?:<<-|->>) \[(PUB|HPUB|MSG|HMSG) (\S+).* (\d+)\]$/;
const connectionCreated = /^(\w+) connection created\b/;
const connectionClosed = /^(\w+) connection closed(?:: (.*))?$/i;
const slowConsumer = /^Slow Consumer(?: Detected| State)?: (\w+)/;
const authorizationError = /\b(?:authentication error|authorization (?:error|violation))\b/i;
const userOf = /\b(?:User|Nkey|JWT User|Account) "([^"]*)"/i;
const permissionViolation =
  /^(?:Publish|Subscription|Permissions) Violation\b(?:.*?(?:Subject|to|Reply)[ :]+"([^"]*)")?/;
const version = /^\s*(?:Version:\s+|Starting nats-server version )v?(\d+\.\d+\.\d+\S*)/;

/** Counts what a nats-server log says, in memory that does not grow with the log. */
export class NatsReader implements LogReader<NatsFacts> {
  readonly #notes = new ReaderNotes();
  readonly #subjects = newTally();
  readonly #closeReasons = newTally();
  readonly #slowPeers = newTally();
  readonly #refusedUsers = newTally();
  readonly #deniedSubjects = newTally();
  readonly #problems = newProblems();
  readonly #counts = {
    entries: 0,
    byLevel: {} as Record<string, number>,
    published: { count: 0, bytes: 0 },
    delivered: { count: 0, bytes: 0 },
    connects: {} as Record<string, number>,
    disconnects: {} as Record<string, number>,
    slowConsumers: { count: 0, byCause: {} as Record<string, number> },
    authorizationErrors: { count: 0, timeouts: 0 },
    permissionViolations: { count: 0 },
    serverStarts: 0,
    versions: [] as string[],
  };

  take(text: string): void {
    const line = natsLine(text);
    if (line === undefined) {
      this.#notes.misread(text);
      return;
    }
    const isBad = line.level === "ERR" || line.level === "FTL";
    this.#notes.seen(line.atMs, isBad);
    this.#counts.entries += 1;
    addOne(this.#counts.byLevel, line.level);
    if (line.level === "TRC") {
      this.#trace(line.message);
      return;
    }
    this.#connection(line);
    if (!this.#trouble(line) && (isBad || line.level === "WRN")) this.#problem(line);
    if (line.level === "INF") this.#server(line.message);
  }

  end(): void {}

  facts(): NatsFacts {
    const counts = structuredClone(this.#counts);
    return {
      kind: "nats",
      ...counts,
      publishedSubjects: this.#subjects.ranked(),
      closeReasons: this.#closeReasons.ranked(),
      slowConsumers: { ...counts.slowConsumers, byPeer: this.#slowPeers.ranked() },
      authorizationErrors: { ...counts.authorizationErrors, byUser: this.#refusedUsers.ranked() },
      permissionViolations: { ...counts.permissionViolations, bySubject: this.#deniedSubjects.ranked() },
      problems: this.#problems.ranked(),
    };
  }

  get malformed() {
    return this.#notes.malformed;
  }

  get time() {
    return this.#notes.time;
  }

  #trace(message: string): void {
    const match = traced.exec(message);
    if (match === null) return;
    const [, verb = "", subject = "", bytes] = match;
    const isPublish = verb.endsWith("PUB");
    const traffic = isPublish ? this.#counts.published : this.#counts.delivered;
    traffic.count += 1;
    traffic.bytes += Number(bytes);
    if (isPublish) this.#subjects.count(shorten(subject, 200));
  }

  #connection({ message }: NatsLine): void {
    const created = connectionCreated.exec(message);
    if (created !== null) addOne(this.#counts.connects, created[1] ?? "");
    const closed = connectionClosed.exec(message);
    if (closed === null) return;
    addOne(this.#counts.disconnects, closed[1] ?? "");
    // A name of the other side may follow the reason.
    if (closed[2] !== undefined)
      this.#closeReasons.count(shorten(closed[2].split(" - Remote: ")[0] ?? "", 200));
  }

  /** Whether the line is of a kind of trouble that is counted by itself. */
  #trouble({ message, peer, level }: NatsLine): boolean {
    const slow = slowConsumer.exec(message);
    if (slow !== null) {
      this.#counts.slowConsumers.count += 1;
      addOne(this.#counts.slowConsumers.byCause, slow[1] ?? "");
      this.#slowPeers.count(shorten(peer ?? "server", 200));
      return true;
    }
    if (/^Authentication Timeout$/i.test(message)) {
      this.#counts.authorizationErrors.timeouts += 1;
      return true;
    }
    if (level !== "ERR") return false;
    if (authorizationError.test(message)) {
      this.#counts.authorizationErrors.count += 1;
      this.#refusedUsers.count(shorten(userOf.exec(message)?.[1] ?? "", 200));
      return true;
    }
    const denied = permissionViolation.exec(message);
    if (denied === null) return false;
    this.#counts.permissionViolations.count += 1;
    this.#deniedSubjects.count(shorten(denied[1] ?? "", 200));
    return true;
  }

  #problem({ message, level, atMs }: NatsLine): void {
    const times = atMs === undefined ? {} : { firstMs: atMs, lastMs: atMs };
    const key = `${level}: ${message.slice(0, 500).replace(/\d+(?:\.\d+)*/g, "#")}`;
    this.#problems.add({
      key: shorten(key, 300),
      count: 1,
      level,
      sample: shorten(message, 300),
      ...times,
    });
  }

  #server(message: string): void {
    if (/^Starting nats-server\b/.test(message)) this.#counts.serverStarts += 1;
    const found = version.exec(message)?.[1];
    const { versions } = this.#counts;
    if (found !== undefined && versions.length < VERSIONS_MAX && !versions.includes(found))
      versions.push(clip(found, 40));
  }
}
