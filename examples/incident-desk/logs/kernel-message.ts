import { calendarTimeMs, leadingTime } from "./timestamp.ts";

export interface KernelMessage {
  message: string;
  /** When the line says so: the text of its time, and the time itself where it is a date. */
  at?: string;
  atMs?: number;
  /** Whether the line has a prefix that only kernel messages have. */
  prefixed: boolean;
}

const kmsgPrefix = /^\d{1,4},\d+,(\d+),[-c,a-zA-Z=\d]*;/;
const dmesgDate = /^\[([A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4})\] ?/;
const bootPrefix = /^\[ *\d+\.\d{3,6}\](?:\[ *[TC]?\d+\])? ?/;
const priority = /^<\d{1,3}>/;
const syslogSource = /^ +\S+ kernel(?:\[\d+\])?: ?/;
const journalSource = /^(?:\S+ )?kernel: /;

/** Takes the prefix off a kernel line: raw kmsg, dmesg with or without dates, syslog, RFC 3339 syslog, journal. */
export function kernelMessage(line: string): KernelMessage {
  const text = line.replace(priority, "");
  const kmsg = kmsgPrefix.exec(text);
  if (kmsg !== null)
    return { message: text.slice(kmsg[0].length), at: `${kmsg[1]} µs after boot`, prefixed: true };
  const dated = dmesgDate.exec(text);
  if (dated !== null) {
    const atMs = Date.parse(`${dated[1]} UTC`);
    return { message: text.slice(dated[0].length), at: dated[1] ?? "", ...dateOf(atMs), prefixed: true };
  }
  const time = leadingTime(text);
  if (time !== undefined && !bootPrefix.test(text)) {
    const rest = text.slice(time.length);
    const source = syslogSource.exec(rest);
    if (source === null) return { message: text, prefixed: false };
    const message = rest.slice(source[0].length).replace(bootPrefix, "");
    const atMs = calendarTimeMs(text)?.ms;
    return { message, at: text.slice(0, time.length), ...dateOf(atMs), prefixed: true };
  }
  const boot = bootPrefix.exec(text);
  if (boot !== null) return { message: text.slice(boot[0].length), at: boot[0].trim(), prefixed: true };
  const journal = journalSource.exec(text);
  if (journal !== null)
    return { message: text.slice(journal[0].length).replace(bootPrefix, ""), prefixed: true };
  return { message: text, prefixed: false };
}

function dateOf(atMs: number | undefined): { atMs?: number } {
  return atMs === undefined || Number.isNaN(atMs) ? {} : { atMs };
}
