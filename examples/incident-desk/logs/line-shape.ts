import { type LeadingTime, leadingTime } from "./timestamp.ts";

/** A line of an unknown log, as far as it can be understood. */
export interface LineShape {
  time?: LeadingTime;
  /** In the log's own word, in upper case. */
  level?: string;
  /** The line after its time and level, and without the request it names: what templates are made of. */
  message: string;
}

const names = "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL|ALERT|EMERG|PANIC|FAILURE";
/** As a word in capitals, in brackets of any case, or as a field: `level=warn`, `"severity":"ERROR"`. */
const bareLevel = new RegExp(`(?:^|[\\s|<:,(-])(${names})(?=$|[\\s\\]|>:,)-])`);
const bracketLevel = new RegExp(`\\[(?:[\\w.-]+:)?(${names})\\]`, "i");
const fieldLevel = new RegExp(`\\b(?:level|severity|lvl)"?\\s*[=:]\\s*"?(${names})\\b`, "i");
/** `[req-1 user project]` after the component that says something. */
const request = /^([^\s[]\S*) \[[^\]]*\] /;
/** A level stands in the header; further on, it is a word of the message. */
const HEADER_CHARS_MAX = 160;
/** The time may come after some words, such as a file or a node. */
const TIME_WORDS_MAX = 4;

export function lineShape(line: string): LineShape {
  const time = timeNearStart(line);
  const from = time === undefined ? 0 : time.length;
  const header = line.slice(from, from + HEADER_CHARS_MAX);
  const found = bracketLevel.exec(header) ?? fieldLevel.exec(header) ?? bareLevel.exec(header);
  const level = found?.[1]?.toUpperCase();
  const end = found === null || isField(found[0]) ? 0 : found.index + found[0].length;
  const message = line
    .slice(from + end)
    .replace(/^[\s\]:|>,-]+/, "")
    .replace(request, "$1 ");
  return { ...(time !== undefined && { time }), ...(level !== undefined && { level }), message };
}

function isField(text: string): boolean {
  return /[=:]/.test(text.slice(1, -1));
}

function timeNearStart(line: string): LeadingTime | undefined {
  let at = 0;
  for (let word = 0; word < TIME_WORDS_MAX && at < line.length; word += 1) {
    const code = line.charCodeAt(at);
    // A time begins with a digit, a bracket or the capital of a month.
    const mayBegin = (code >= 48 && code <= 57) || code === 91 || (code >= 65 && code <= 90);
    const time = mayBegin ? leadingTime(at === 0 ? line : line.slice(at, at + 64)) : undefined;
    if (time !== undefined) return { ...time, length: at + time.length };
    const space = line.indexOf(" ", at);
    if (space === -1) return undefined;
    at = space + 1;
  }
  return undefined;
}

const severe = new Set(["ERROR", "SEVERE", "CRITICAL", "FATAL", "ALERT", "EMERG", "PANIC", "FAILURE"]);

export function isSevere(level: string | undefined): boolean {
  return level !== undefined && severe.has(level);
}
