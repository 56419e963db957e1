import type { Row } from "./rows.ts";
import type { TeamModel } from "./team-model.ts";

/**
 * The same key for all rows that differ in who of the symmetric members is who: the least of what the row becomes
 * when they are swapped in every way.
 */
export function foldedKey({ plan, parts, rows }: TeamModel): (row: Row) => Row {
  const places = new Map(plan.addresses.map((address, place) => [address, place]));
  const homes = plan.swaps.map((swap) =>
    plan.addresses.map((address) => places.get(swap.get(address) ?? address) as number),
  );
  const { mail, history } = rows;

  function swapped(row: Row, swap: number): Row {
    const to = row.slice();
    const home = homes[swap] as number[];
    for (let place = 0; place < home.length; place++) {
      to[home[place] as number] = parts.renamed(row[place] as number, swap);
    }
    if ((row[history] as number) >= 0) to[history] = parts.renamed(row[history] as number, swap);
    // Each way keeps its order, but the ways change places.
    for (let at = mail; at < row.length; at++) rows.put(to, at, parts.renamed(row[at] as number, swap));
    return to;
  }

  return (row) => {
    let best = row;
    for (let swap = 1; swap < homes.length; swap++) {
      const other = swapped(row, swap);
      if (isLess(other, best)) best = other;
    }
    return best;
  };
}

function isLess(a: Row, b: Row): boolean {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number);
  }
  return false;
}
