import { describe } from "vitest";
import { deliveryContract } from "./delivery-contract.ts";
import { endContract } from "./end-contract.ts";
import { refusalContract } from "./refusal-contract.ts";
import { storeContract } from "./store-contract.ts";
import type { MakePair } from "./support.ts";

/** What every transport does alike. */
export function transportContract(name: string, makePair: MakePair): void {
  describe(`transport contract: ${name}`, () => {
    deliveryContract(makePair);
    refusalContract(makePair);
    endContract(makePair);
    describe("store", () => storeContract(makePair));
  });
}
