import type { Row, TeamModel } from "./team-model.ts";

/**
 * The same key for all rows that differ in who of the symmetric members is who: the least of what the row becomes
 * when they are swapped in every way.
 */
export function foldedKey(model: TeamModel): (row: Row) => Row {
  const { plan, parts, links, mail, history } = model;
  const places = new Map(plan.addresses.map((address, place) => [address, place]));
  const homes = plan.swaps.map((swap) =>
    plan.addresses.map((address) => places.get(swap.get(address) ?? address) as number),
  );
  return (row) => {
    let best = row;
    for (let swap = 1; swap < homes.length; swap++) {
      const other = swapped(row, swap);
      if (isLess(other, best)) best = other;
    }
    return best;
  };

  function swapped(row: Row, swap: number): Row {
    const to = row.slice();
    const home = homes[swap] as number[];
    for (const [place, at] of home.entries()) to[at] = parts.renamed(row[place] as number, swap);
    if ((row[history] as number) >= 0) to[history] = parts.renamed(row[history] as number, swap);
    for (let at = mail; at < row.length; at++) insert(to, at, parts.renamed(row[at] as number, swap));
    return to;
  }

  /** Each way keeps its order, but the ways change places. */
  function insert(to: Row, length: number, message: number): void {
    const { way } = links.sent(message);
    const isUnordered = to[plan.members.length + 2] === -1;
    let at = length;
    for (; at > mail; at--) {
      const other = to[at - 1] as number;
      const otherWay = links.sent(other).way;
      if (otherWay < way || (otherWay === way && !(isUnordered && other > message))) break;
      to[at] = other;
    }
    to[at] = message;
  }
}

function isLess(a: Row, b: Row): boolean {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number);
  }
  return false;
}
