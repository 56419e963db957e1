/** Who is no member of the team. As a sender and asker only; no address begins with it. */
export const outside = "(outside)";
/** Who tells of the end of members. */
export const runtime = "(runtime)";
