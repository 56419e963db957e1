import { checkTeam } from "coxswain/testing";
import { type SideConfig, serveSide } from "../kit/serve-side.ts";
import { type Shop, shops, shopTeam, timeChecks } from "./coffee-shop.ts";

/** The side's name says whether members are folded. */
await serveSide({
  near: ({ side, quick }: SideConfig) => ({
    round: (name) => {
      const shop = shops[name] as Shop;
      const fold = side.endsWith("folded");
      const check = (): number => {
        const { verdict, states, story } = checkTeam(shopTeam(shop, fold));
        if (verdict !== "holds") throw new Error(story);
        return states;
      };
      return timeChecks(check, fold ? shop.foldedStates : shop.states, quick ? 0 : 2);
    },
  }),
});
