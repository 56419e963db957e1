import type { RestartKind } from "../../protocols/index.ts";
import type { Mode } from "./probe.ts";

export type StaticStrategy = "one_for_one" | "one_for_all" | "rest_for_one";
export type Fate = "done" | "stopped" | "stopped(x)" | "failed" | "killed";

/** A tree as it is written down. */
export interface Written {
  readonly strategy: StaticStrategy;
  readonly intensity: number;
  readonly children: readonly WrittenChild[];
}
export interface WrittenChild {
  readonly id: string;
  readonly restart: RestartKind;
  /** Unless it is a leaf. */
  readonly tree?: Written;
}

interface Child extends WrittenChild {
  readonly address: string;
  alive: boolean;
  /** While it lives, of a supervisor. */
  inner: NaiveSupervisor | undefined;
}

/** What all supervisors of one tree share: what the next starts do, and which were tried. */
export interface World {
  readonly plans: Map<string, Mode[]>;
  readonly starts: string[];
}

/** A supervisor told in the plainest way: a list of children, loops, and at once. What it says, the real one has to do. */
export class NaiveSupervisor {
  readonly address: string;
  readonly children: Child[];
  readonly #written: Written;
  readonly #world: World;
  #restarts = 0;
  /** It has given up; its own supervisor has not been told. */
  over = false;

  constructor(address: string, written: Written, world: World) {
    this.address = address;
    this.#written = written;
    this.#world = world;
    this.children = written.children.map((child) => this.#child(child));
  }

  /** @returns false if a child does not come up: then none is left. */
  start(): boolean {
    for (const child of [...this.children]) {
      if (this.#start(child) !== "error") continue;
      this.stop();
      return false;
    }
    return true;
  }

  stop(): void {
    for (const child of this.children.toReversed()) this.#stop(child);
  }

  /** All periods are over. */
  forgetRestarts(): void {
    this.#restarts = 0;
    for (const { inner } of this.children) inner?.forgetRestarts();
  }

  /** One of its children has ended by itself. */
  ended(child: Child, fate: Fate): void {
    child.alive = false;
    child.inner = undefined;
    const well = fate === "done" || fate.startsWith("stopped");
    if (child.restart === "temporary") this.#remove(child);
    else if (child.restart === "permanent" || !well) this.#restart(child);
  }

  // ---- what an operator asks; the answers are the real ones' words ----

  terminate(id: string): string {
    const child = this.#find(id);
    if (child === undefined) return "not_found";
    this.#stop(child);
    return "ok";
  }

  restartByHand(id: string): string {
    const child = this.#find(id);
    if (child === undefined) return "not_found";
    if (child.alive) return "running";
    const begun = this.#start(child);
    return { ok: "ok", info: "ok", ignore: "ignored", error: "start_failed" }[begun];
  }

  delete(id: string): string {
    const child = this.#find(id);
    if (child === undefined) return "not_found";
    if (child.alive) return "running";
    this.#remove(child);
    return "ok";
  }

  add(written: WrittenChild): string {
    const known = this.#find(written.id);
    if (known !== undefined) return known.alive ? "already_started" : "already_present";
    const child = this.#child(written);
    this.children.push(child);
    const begun = this.#start(child);
    if (begun === "error") this.#remove(child);
    return begun === "error" ? "start_failed" : begun === "ignore" ? "ignored" : "ok";
  }

  // ---- who is there ----

  /** All supervisors that live, this one first. */
  supervisors(): NaiveSupervisor[] {
    return [this, ...this.children.flatMap(({ inner }) => inner?.supervisors() ?? [])];
  }

  living(): string[] {
    const below = this.children.flatMap((child) => {
      if (child.inner !== undefined) return child.inner.living();
      return child.alive ? [child.address] : [];
    });
    return [this.address, ...below];
  }

  // ---- inside ----

  #child(written: WrittenChild): Child {
    return { ...written, address: `${this.address}.${written.id}`, alive: false, inner: undefined };
  }

  #find(id: string): Child | undefined {
    return this.children.find((child) => child.id === id);
  }

  #remove(child: Child): void {
    this.children.splice(this.children.indexOf(child), 1);
  }

  #start(child: Child): Mode {
    if (child.tree !== undefined) {
      const inner = new NaiveSupervisor(child.address, child.tree, this.#world);
      if (!inner.start()) return "error";
      child.inner = inner;
      child.alive = true;
      return "ok";
    }
    this.#world.starts.push(child.address);
    const mode = this.#world.plans.get(child.address)?.shift() ?? "ok";
    child.alive = mode === "ok";
    if (mode === "ignore" && child.restart === "temporary") this.#remove(child);
    return mode;
  }

  #stop(child: Child): void {
    child.inner?.stop();
    child.inner = undefined;
    child.alive = false;
    if (child.restart === "temporary") this.#remove(child);
  }

  #restart(failed: Child): void {
    this.#restarts++;
    if (this.#restarts > this.#written.intensity) {
      this.stop();
      this.over = true;
      return;
    }
    const { strategy } = this.#written;
    const at = this.children.indexOf(failed);
    const concerned = this.children.filter((child, place) => {
      if (strategy === "one_for_one") return child === failed;
      return strategy === "one_for_all" || place >= at;
    });
    for (const child of concerned.toReversed()) if (child !== failed) this.#stop(child);
    for (const child of concerned) {
      if (child.restart === "temporary") continue;
      if (this.#start(child) === "error") return this.#restart(child);
    }
  }
}
