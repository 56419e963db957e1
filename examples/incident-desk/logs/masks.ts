import { VARIABLE } from "./drain.ts";

/** What varies in the messages of most logs, most specific first. */
export const commonMasks: readonly RegExp[] = [
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, // UUID
  /\bblk_-?\d+/g, // HDFS block
  /\/?\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b/g, // IPv4, with port
  /\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}\b/gi, // IPv6 and MAC
  /\b0x[0-9a-f]+\b/gi, // hexadecimal
  /\b(?=[a-f]*\d)[0-9a-f]{8,}\b/gi, // hash
  /(?<=^|[\s=:,"'([])\/[\w.@%+:-]+(?:\/[\w.@%+:-]*)+/g, // path
  /(?<=^|[\s=:,()[\]"'#@/<>|;-])[+-]?\d+(?:[.:]\d+)*(?=$|[\s=:,()[\]"'#/<>|;.%-]|(?:ms|us|ns|s|[kKMG]?i?B|[kMG]b)\b)/g, // number
];

export function mask(message: string, masks: readonly RegExp[]): string {
  let text = message;
  for (const pattern of masks) text = text.replace(pattern, VARIABLE);
  return text;
}

const variables = /<\*>(?:,?\s+<\*>)+/g;

/** Folds a list of variables to one, so that lists of different lengths are the same message. */
export function foldVariables(message: string): string {
  return message.replace(variables, VARIABLE);
}
