export const story = { name: "no-scenario" };
