import { isSameRow, type Row } from "./rows.ts";
import type { TeamModel } from "./team-model.ts";

/**
 * The same key for all rows that differ in who of the symmetric members is who: the least of what the row becomes
 * when they are swapped in every way.
 */
export function foldedKey({ plan, parts, rows }: TeamModel): (row: Row) => Row {
  const places = new Map(plan.addresses.map((address, place) => [address, place]));
  /** By swap and place: whose part comes there. */
  const sources = plan.swaps.map((swap) => {
    const from: number[] = [];
    for (const [place, address] of plan.addresses.entries()) {
      from[places.get(swap.get(address) ?? address) as number] = place;
    }
    return from;
  });
  const { losses: members, mail, history } = rows;
  /** The messages of a row with its members swapped, where those begin in a row. */
  const swappedMail: number[] = [];

  function swapMail(row: Row, swap: number): void {
    // Each way keeps its order, but the ways change places.
    for (let at = mail; at < row.length; at++)
      rows.put(swappedMail, at, parts.renamed(row[at] as number, swap));
  }

  /** Whether the row with its members swapped is less than another; most often its first members tell. */
  function isLess(row: Row, swap: number, best: Row): boolean {
    const from = sources[swap] as number[];
    for (let place = 0; place < members; place++) {
      const part = parts.renamed(row[from[place] as number] as number, swap);
      if (part !== best[place]) return part < (best[place] as number);
    }
    const remembered = row[history] as number;
    if (remembered >= 0) {
      const part = parts.renamed(remembered, swap);
      if (part !== best[history]) return part < (best[history] as number);
    }
    swapMail(row, swap);
    for (let at = mail; at < row.length; at++) {
      if (swappedMail[at] !== best[at]) return (swappedMail[at] as number) < (best[at] as number);
    }
    return false;
  }

  function swapped(row: Row, swap: number): Row {
    const to = row.slice();
    const from = sources[swap] as number[];
    for (let place = 0; place < members; place++) {
      to[place] = parts.renamed(row[from[place] as number] as number, swap);
    }
    if ((row[history] as number) >= 0) to[history] = parts.renamed(row[history] as number, swap);
    swapMail(row, swap);
    for (let at = mail; at < row.length; at++) to[at] = swappedMail[at] as number;
    return to;
  }

  function keyOf(row: Row): Row {
    let best = row;
    for (let swap = 1; swap < sources.length; swap++) {
      if (isLess(row, swap, best)) best = swapped(row, swap);
    }
    return best;
  }

  return sources.length > fewSwaps ? remembered(keyOf) : keyOf;
}

/** To swap members in so few ways costs less than to look up what came of it. */
const fewSwaps = 6;
const rememberedMax = 16_384;

/** Rows come again soon, by another order of the same steps: keeps some of the last ones and their keys. */
function remembered(keyOf: (row: Row) => Row): (row: Row) => Row {
  const rows: (Row | undefined)[] = new Array(rememberedMax).fill(undefined);
  const keys: Row[] = new Array(rememberedMax).fill([]);
  return (row) => {
    const slot = slotOf(row);
    const known = rows[slot];
    if (known !== undefined && isSameRow(known, row)) return keys[slot] as Row;
    const key = keyOf(row);
    rows[slot] = row;
    keys[slot] = key;
    return key;
  };
}

function slotOf(row: Row): number {
  let hash = 0;
  for (let i = 0; i < row.length; i++) hash = Math.imul(hash ^ (row[i] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) & (rememberedMax - 1);
}
