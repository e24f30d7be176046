/** Watches of the agent live for half an hour to an hour: each begins with a request over the link, which is what an idle node costs. */
export const watchLifeMs = 30 * 60_000;
