/** The offsets of zone abbreviations that database and system logs print. Others count as UTC. */
const zoneMinutes: Readonly<Record<string, number>> = {
  UTC: 0,
  GMT: 0,
  Z: 0,
  WET: 0,
  BST: 60,
  WEST: 60,
  CET: 60,
  CEST: 120,
  EET: 120,
  EEST: 180,
  MSK: 180,
  JST: 540,
  KST: 540,
  EST: -300,
  EDT: -240,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
};

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const calendarTime =
  /^(?:[[<(] ?)?(\d{4})[-/.](\d\d)[-/.](\d\d)[T _-](\d\d)[:.](\d\d)[:.](\d\d)(?:[.,](\d{1,9}))?(?: ?([A-Z]{1,5}\b|[+-]\d\d(?::?\d\d)?))?/;

/**
 * The time at the very start of `text`, in the forms `2024-01-31T10:00:00.123+01:00`, `2024-01-31 10:00:00 CET`,
 * `2024/01/31 10:00:00.123456` and `2024-01-31-10.00.00.123456`, in ms since 1970. A time without a zone is taken
 * as UTC.
 */
export function calendarTimeMs(text: string): { ms: number; length: number } | undefined {
  const match = calendarTime.exec(text);
  if (match === null) return undefined;
  const [all, year, month, day, hour, minute, second, fraction, zone] = match;
  const ms = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  if (Number.isNaN(ms) || Number(month) > 12 || Number(day) > 31 || Number(hour) > 24) return undefined;
  const fractionMs = fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1_000);
  // A capital after the time that is no zone is the next word, such as `2015-07-29 17:41:44 INFO`.
  const isZone = zone === undefined || /^[+-]/.test(zone) || zone in zoneMinutes;
  const length = isZone ? all.length : all.length - zone.length;
  return { ms: ms + fractionMs - (zone !== undefined && isZone ? offsetMinutes(zone) * 60_000 : 0), length };
}

function offsetMinutes(zone: string): number {
  const named = zoneMinutes[zone];
  if (named !== undefined) return named;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(":", "") || 0);
  return zone.startsWith("-") ? -minutes : minutes;
}

/** A time at the start of a line: `ms` since 1970 where the year is known, else since an unnamed year's start. */
export interface LeadingTime {
  ms: number;
  /** False for syslog's `Jan 31 10:00:00` and for seconds since boot: good for distances, not for a date. */
  absolute: boolean;
  /** How many characters of the line it takes. */
  length: number;
}

const syslogTime = /^([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6}))?/;
const bootTime = /^\[ *(\d{1,9})\.(\d{3,6})\]/;
const epochTime = /^(1\d{9})(?:\.(\d{1,9}))?(?=[ ,\]]|$)/;
const shortDateTime = /^(\d\d)(0[1-9]|1[0-2])([0-3]\d) (\d\d)(\d\d)(\d\d)(?= )/;
const webTime = /^\[?(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d):(\d\d):(\d\d)(?: ([+-]\d{4}))?/;

/** The time at the start of a line of any log: calendar, syslog, seconds since boot or 1970, `yymmdd hhmmss`, web. */
export function leadingTime(line: string): LeadingTime | undefined {
  const calendar = calendarTimeMs(line);
  if (calendar !== undefined) return { ...calendar, absolute: true };
  let match = syslogTime.exec(line);
  if (match !== null) {
    const month = months.indexOf(match[1] ?? "");
    if (month === -1) return undefined;
    const ms = Date.UTC(1972, month, Number(match[2]), Number(match[3]), Number(match[4]), Number(match[5]));
    return { ms: ms - Date.UTC(1972), absolute: false, length: match[0].length };
  }
  match = bootTime.exec(line);
  if (match !== null) {
    const ms = Math.floor(Number(`${match[1]}.${match[2]}`) * 1_000);
    return { ms, absolute: false, length: match[0].length };
  }
  match = epochTime.exec(line);
  if (match !== null) {
    const ms = Math.floor(Number(`${match[1]}.${match[2] ?? 0}`) * 1_000);
    return { ms, absolute: true, length: match[0].length };
  }
  match = shortDateTime.exec(line);
  if (match !== null) {
    const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, ...number[]];
    const ms = Date.UTC(2_000 + year, (month ?? 1) - 1, day, hour, minute, second);
    return { ms, absolute: true, length: match[0].length };
  }
  return webTimeOf(line);
}

function webTimeOf(line: string): LeadingTime | undefined {
  const match = webTime.exec(line);
  const month = months.indexOf(match?.[2] ?? "");
  if (match === null || month === -1) return undefined;
  const [all, day, , year, hour, minute, second, zone] = match;
  const ms = Date.UTC(Number(year), month, Number(day), Number(hour), Number(minute), Number(second));
  return {
    ms: ms - (zone === undefined ? 0 : offsetMinutes(zone) * 60_000),
    absolute: true,
    length: all.length,
  };
}
