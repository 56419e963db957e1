// A node of its own process: hosts the books of delegated authority, and delegates so many tasks at once.
// Arguments: servers, system name, node name, how many. Prints "ready", then what became of each.
import { delegate } from "../../../actors/index.ts";
import { createSystem } from "../../../src/index.ts";
import { books, validation } from "./team.ts";

const [servers = "", name = "", node = "", count = "0"] = process.argv.slice(2);
const system = await createSystem({ name, node, servers, actors: books() });
process.stdout.write('"ready"\n');
const ids = Array.from({ length: Number(count) }, (_, n) => `${node}-${n}`);
const all = await Promise.all(
  ids.map(async (id) => {
    const { decision } = await delegate(system, validation(), { id, withinMs: 60_000 });
    return { id, decision };
  }),
);
process.stdout.write(`${JSON.stringify(all)}\n`);
