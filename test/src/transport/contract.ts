import { describe } from "vitest";
import { deliveryContract } from "./delivery-contract.ts";
import { endContract } from "./end-contract.ts";
import { queueContract } from "./queue-contract.ts";
import { refusalContract } from "./refusal-contract.ts";
import { storeContract } from "./store-contract.ts";
import type { MakePair } from "./support.ts";

/** What every transport does alike. `without` names what it does not do yet. */
export function transportContract(name: string, makePair: MakePair, without: readonly "queues"[] = []): void {
  describe(`transport contract: ${name}`, () => {
    deliveryContract(makePair);
    refusalContract(makePair);
    endContract(makePair);
    describe("store", () => storeContract(makePair));
    describe.skipIf(without.includes("queues"))("queues", () => queueContract(makePair));
  });
}
