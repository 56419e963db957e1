import { type SideConfig, serveSide } from "../kit/serve-side.ts";
import { type Shop, shops, timeChecks } from "./coffee-shop.ts";

/** The coffee shop written out as a model by hand. What is under way on each way is alike, so a count is all of it. */
interface State {
  readonly guests: { value: "thirsty" | "happy"; drunk: number }[];
  readonly orders: number[];
  readonly coffees: number[];
  losses: number;
}

function next(state: State, { inFlightMax }: Shop): State[] {
  const found: State[] = [];
  const step = (change: (to: State) => void): void => {
    const to = copyOf(state);
    change(to);
    found.push(to);
  };
  const underWay = [...state.orders, ...state.coffees].reduce((sum, count) => sum + count, 0);
  for (const [at, { value }] of state.guests.entries()) {
    if (value === "thirsty" && underWay < inFlightMax) step((to) => add(to.orders, at, 1));
    if ((state.orders[at] as number) > 0) {
      step((to) => {
        add(to.orders, at, -1);
        add(to.coffees, at, 1);
      });
      if (state.losses > 0) step((to) => lose(to, to.orders, at));
    }
    if ((state.coffees[at] as number) > 0) {
      step((to) => {
        add(to.coffees, at, -1);
        if (value === "thirsty") to.guests[at] = { value: "happy", drunk: 1 };
      });
      if (state.losses > 0) step((to) => lose(to, to.coffees, at));
    }
  }
  return found;
}

function add(counts: number[], at: number, by: number): void {
  counts[at] = (counts[at] as number) + by;
}

function lose(to: State, counts: number[], at: number): void {
  add(counts, at, -1);
  to.losses--;
}

function copyOf({ guests, orders, coffees, losses }: State): State {
  return { guests: guests.slice(), orders: orders.slice(), coffees: coffees.slice(), losses };
}

/** A plain breadth-first search whose states are known by their JSON. */
function search(shop: Shop): number {
  const guests = Array.from({ length: shop.guests }, () => ({ value: "thirsty", drunk: 0 }) as const);
  const none = guests.map(() => 0);
  const first: State = { guests, orders: guests.map(() => 1), coffees: none, losses: shop.lossesMax };
  const known = new Map([[JSON.stringify(first), 0]]);
  const states = [first];
  for (let i = 0; i < states.length; i++) {
    const state = states[i] as State;
    if (!state.guests.every(({ drunk }) => drunk <= 1)) throw new Error("one coffee each");
    for (const to of next(state, shop)) {
      const key = JSON.stringify(to);
      if (known.has(key)) continue;
      known.set(key, states.length);
      states.push(to);
    }
  }
  return states.length;
}

await serveSide({
  near: ({ quick }: SideConfig) => ({
    round: (name) => {
      const shop = shops[name] as Shop;
      return timeChecks(() => search(shop), shop.states, quick ? 0 : 2);
    },
  }),
});
