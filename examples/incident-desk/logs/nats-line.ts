import { calendarTimeMs } from "./timestamp.ts";

export type NatsLevel = "INF" | "WRN" | "ERR" | "FTL" | "DBG" | "TRC";

/** A line of a nats-server log, taken apart. */
export interface NatsLine {
  level: NatsLevel;
  atMs?: number;
  /** Who it is about, such as `127.0.0.1:4222 - cid:7`; absent where it is about the server. */
  peer?: string;
  /** The connection of the peer, such as `cid:7`: clients have `cid`, routes `rid`, gateways `gid`, leaf nodes `lid`. */
  connection?: string;
  message: string;
}

// Colour codes surround the level when the log went to a terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character begins a terminal's colour code.
const colour = /\u001b\[\d+m/g;
const header =
  /^(?:\[\d+\] )?(?:(\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d(?:\.\d+)?) )?\[(INF|WRN|ERR|FTL|DBG|TRC)\] /;
const peerPart = /^(?:(\S+ - ([crglmw]id(?:_ws)?:\d+))(?: - "[^"]*"){0,2}|(SYSTEM|JETSTREAM|ACCOUNT)) - /;

/** Reads a line as nats-server 1.x and 2.x write it, with or without time and process id; undefined for others. */
export function natsLine(line: string): NatsLine | undefined {
  const text = line.includes("\u001b") ? line.replace(colour, "") : line;
  const match = header.exec(text);
  if (match === null) return undefined;
  const [all, time, level] = match;
  const rest = text.slice(all.length);
  const peer = peerPart.exec(rest);
  const atMs = time === undefined ? undefined : calendarTimeMs(time)?.ms;
  return {
    level: level as NatsLevel,
    ...(atMs !== undefined && { atMs }),
    ...(peer !== null && { peer: peer[1] ?? peer[3] ?? "" }),
    ...(peer?.[2] !== undefined && { connection: peer[2] }),
    message: peer === null ? rest : rest.slice(peer[0].length),
  };
}
