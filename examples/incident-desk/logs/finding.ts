export type Severity = "critical" | "warning" | "info";

/** Something a person should know, with what it rests on. Every number in it was counted. */
export interface Finding {
  severity: Severity;
  /** What kind of finding it is, in one word that does not change, such as `memoryKills`. */
  code: string;
  title: string;
  /** Counts, names and times, each a short sentence. */
  evidence: string[];
  /** Lines of the log, as they were written. */
  samples: string[];
}

export function finding(
  severity: Severity,
  code: string,
  title: string,
  evidence: readonly string[] = [],
  samples: readonly string[] = [],
): Finding {
  return { severity, code, title, evidence: [...evidence], samples: [...samples] };
}

const ranks: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

/** The most severe first; those of one severity stay in their order. */
export function bySeverity(a: Finding, b: Finding): number {
  return ranks[a.severity] - ranks[b.severity];
}

/** `1 kill`, `2 kills`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

export function shownTime(ms: number | undefined): string {
  return ms === undefined ? "at an unknown time" : new Date(ms).toISOString().replace(".000Z", "Z");
}

export function shownMs(ms: number): string {
  if (ms < 1_000) return `${Number(ms.toFixed(3))} ms`;
  return ms < 600_000 ? `${Number((ms / 1_000).toFixed(1))} s` : `${Number((ms / 60_000).toFixed(1))} min`;
}

export function shownBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1_024 && unit < units.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${Number(size.toFixed(1))} ${units[unit]}`;
}
