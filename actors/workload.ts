import { workload as books } from "../machines/index.ts";
import { workload } from "../protocols/index.ts";
import { defineActor } from "../src/index.ts";

/**
 * The book of one agent's work, a durable agent at `workload.<address of the agent>`: gives out its places and resources, and keeps
 * how each task went. Its commit is the compare-and-set: of many who ask for the last place one gets it.
 */
export const workloadBook = defineActor({
  protocol: workload,
  durability: "durable",
  initial: () => books.emptyBook,
  receive: (book, message, turn) => {
    if (message.type === "finished") return books.finish(book, message, turn.nowMs);
    if (message.type === "figures") {
      turn.reply(books.figuresOf(book, turn.nowMs));
      return book;
    }
    const [next, reply] = books.reserve(book, message, turn.nowMs);
    turn.reply(reply);
    return next;
  },
});
