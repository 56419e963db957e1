import { clip, own } from "./bounded.ts";
import { kernelMessage } from "./kernel-message.ts";

/** A process the kernel killed for memory. */
export interface OomKill {
  pid: number;
  process: string;
  /** The control group the killed process was in; `/` where the kernel names none. */
  container?: string;
  /** The control group whose limit was reached; `/` when the whole machine was out of memory. */
  victimContainer?: string;
  /** The kernel's own word for what was exhausted, such as `CONSTRAINT_MEMCG`; kernels before 5.0 say none. */
  constraint?: string;
  totalVmKb?: number;
  anonRssKb?: number;
  at?: string;
  atMs?: number;
  line: string;
}

const invoked = /^.{1,16} invoked oom-killer: gfp_mask=/;
const groupKill = /^Tasks in \S+ are going to be killed due to memory\.oom\.group set/;
const legacyContainers = /^Task in (\S+) killed as a result of limit of (\S+)/;
// Kernels since 5.0. The name of a process may hold commas and brackets.
const killed =
  /^(?:(Memory cgroup out of memory|Out of memory)(?: \([a-z_]+\))?: )?Killed process (\d+),?(?: UID \d+,)? \((.+?)\)(?=,? total-vm|,? score|$)/;
const constrained = /^oom-kill:constraint=(\w+),.*?task_memcg=(.*),task=(.*),pid=(\d+),uid=\d+/;
const limitedBy = /,oom_memcg=(.*?),task_memcg=/;

/** Whether a line is one of the kernel's own about a kill; a mere `oom` in another word never is. */
export function isOomLine(line: string): boolean {
  if (!line.includes("ill")) return false;
  const { message } = kernelMessage(line);
  return invoked.test(message) || killed.test(message) || constrained.test(message);
}

/** The control groups of the report under way. */
interface Report {
  container?: string;
  victimContainer?: string;
  /** Whether all processes of the control group are killed together. */
  isGroup?: boolean;
}

const systemWide: Report = { container: "/", victimContainer: "/" };

/**
 * Finds OOM kills in kernel messages, old and new ones. A kill is counted once: the `oom-kill:` line of newer
 * kernels and the `Killed process` line after it are one.
 */
export class OomReader {
  /** The report that `invoked oom-killer` began. */
  #report: Report | undefined;
  /** The kill an `oom-kill:` line announced. */
  #announced: OomKill | undefined;
  readonly #onKill: (kill: OomKill) => void;

  constructor(onKill: (kill: OomKill) => void) {
    this.#onKill = onKill;
  }

  /** Whether the line was part of such a report. */
  take(line: string): boolean {
    // Nearly all lines end here, before anything is parsed.
    if (!line.includes("ill")) return false;
    const { message, at, atMs } = kernelMessage(line);
    const when = { ...(at !== undefined && { at: own(at) }), ...(atMs !== undefined && { atMs }) };
    if (invoked.test(message)) {
      this.end();
      this.#report = systemWide;
      return true;
    }
    const legacy = legacyContainers.exec(message);
    if (legacy !== null && this.#report !== undefined) {
      this.#report = { container: own(legacy[1] ?? ""), victimContainer: own(legacy[2] ?? "") };
      return true;
    }
    if (groupKill.test(message) && this.#report !== undefined) {
      this.#report = { ...this.#report, isGroup: true };
      return true;
    }
    return this.#announce(message, line, when) || this.#kill(message, line, when);
  }

  /** Gives out a kill whose second line never came. */
  end(): void {
    if (this.#announced !== undefined) this.#onKill(this.#announced);
    this.#announced = undefined;
  }

  #announce(message: string, line: string, when: Partial<OomKill>): boolean {
    const match = constrained.exec(message);
    if (match === null) return false;
    this.end();
    const [, constraint = "", container = "", process = "", pid] = match;
    const victimContainer = limitedBy.exec(message)?.[1] ?? "/";
    this.#announced = {
      pid: Number(pid),
      process: own(process),
      container: own(container),
      victimContainer: own(victimContainer),
      constraint: own(constraint),
      ...when,
      line: clip(line, 300),
    };
    this.#report = { container: own(container), victimContainer: own(victimContainer) };
    return true;
  }

  #kill(message: string, line: string, when: Partial<OomKill>): boolean {
    const match = killed.exec(message);
    if (match === null) return false;
    const [, scope, pid, process = ""] = match;
    const sizes = {
      ...sizeOf(message, "total-vm", "totalVmKb"),
      ...sizeOf(message, "anon-rss", "anonRssKb"),
    };
    const announced = this.#announced;
    const report: Report | undefined = this.#report;
    this.#announced = undefined;
    if (this.#report?.isGroup !== true) this.#report = undefined;
    if (announced?.pid === Number(pid)) {
      this.#onKill({ ...announced, ...sizes });
      return true;
    }
    if (announced !== undefined) this.#onKill(announced);
    const { isGroup: _, ...where } = report ?? (scope === "Out of memory" ? systemWide : {});
    this.#onKill({
      pid: Number(pid),
      process: own(process),
      ...where,
      ...sizes,
      ...when,
      line: clip(line, 300),
    });
    return true;
  }
}

function sizeOf(message: string, label: string, name: "totalVmKb" | "anonRssKb"): Partial<OomKill> {
  const match = new RegExp(`${label}:(\\d+)kB`).exec(message);
  return match === null ? {} : { [name]: Number(match[1]) };
}
