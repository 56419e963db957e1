import { addCounts, addOne, type Ranked, type Row, Tally } from "./bounded.ts";
import { kernelMessage } from "./kernel-message.ts";
import { type OomKill, OomReader } from "./kernel-oom.ts";
import { type LogReader, ReaderNotes } from "./reader.ts";

/** What the kernel killed for memory. */
export interface OomFacts {
  count: number;
  /** The first of them. */
  kills: OomKill[];
  byProcess: Ranked<Row>;
  byContainer: Ranked<Row>;
  /** `system` where the whole machine was out of memory, `cgroup` where a control group was at its limit. */
  byScope: Record<string, number>;
}

export interface KernelFacts {
  kind: "kernel";
  entries: number;
  oom: OomFacts;
}

const KILLS_MAX = 200;

const newTally = () => new Tally({ rowsMax: 100 });

/** Counts OOM kills among any lines. */
export class OomCounter {
  #count = 0;
  readonly #kills: OomKill[] = [];
  readonly #byProcess = newTally();
  readonly #byContainer = newTally();
  readonly #byScope: Record<string, number> = {};
  readonly #reader = new OomReader((kill) => this.#add(kill));

  take(line: string): boolean {
    return this.#reader.take(line);
  }

  end(): void {
    this.#reader.end();
  }

  facts(): OomFacts {
    return {
      count: this.#count,
      kills: structuredClone(this.#kills),
      byProcess: this.#byProcess.ranked(),
      byContainer: this.#byContainer.ranked(),
      byScope: { ...this.#byScope },
    };
  }

  #add(kill: OomKill): void {
    this.#count += 1;
    if (this.#kills.length < KILLS_MAX) this.#kills.push(kill);
    this.#byProcess.count(kill.process);
    const { victimContainer } = kill;
    if (victimContainer !== undefined) this.#byContainer.count(victimContainer);
    const scope = victimContainer === undefined ? "unknown" : victimContainer === "/" ? "system" : "cgroup";
    addOne(this.#byScope, scope);
  }
}

export function mergeOom(a: OomFacts, b: OomFacts): OomFacts {
  return {
    count: a.count + b.count,
    kills: [...a.kills, ...b.kills].slice(0, KILLS_MAX),
    byProcess: newTally().addAll(a.byProcess).addAll(b.byProcess).ranked(),
    byContainer: newTally().addAll(a.byContainer).addAll(b.byContainer).ranked(),
    byScope: addCounts(a.byScope, b.byScope),
  };
}

/** Reads a log of the kernel: dmesg, `/dev/kmsg`, kern.log, or a syslog that holds its messages. */
export class KernelReader implements LogReader<KernelFacts> {
  readonly #notes = new ReaderNotes();
  readonly #oom = new OomCounter();
  #entries = 0;

  take(line: string): void {
    if (line.trim() === "") return;
    this.#entries += 1;
    const isOom = this.#oom.take(line);
    this.#notes.seen(kernelMessage(line).atMs, isOom);
  }

  end(): void {
    this.#oom.end();
  }

  facts(): KernelFacts {
    return { kind: "kernel", entries: this.#entries, oom: this.#oom.facts() };
  }

  get malformed() {
    return this.#notes.malformed;
  }

  get time() {
    return this.#notes.time;
  }
}

export function mergeKernel(a: KernelFacts, b: KernelFacts): KernelFacts {
  return { kind: "kernel", entries: a.entries + b.entries, oom: mergeOom(a.oom, b.oom) };
}
